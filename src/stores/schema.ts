/**
 * The tables, as steps that only go forward. A step that is released is never edited: what changes is a new step.
 * Ours start with `latchkey_`, so that they can live in an application's database beside its own.
 */
import { isElsewhere, isOwn } from '../accounts/own.ts'
import type { AccountsTable, Migration } from '../engine/ports.ts'

/** What a database holds now. */
export type Found = {
  /** Names of the steps that were applied. */
  readonly done: ReadonlySet<string>
  /** Columns of the accounts' table in lower case, with their declared types; empty when there is no such table. */
  readonly columns: ReadonlyMap<string, string>
  /** Those of the credentials' table; empty where none is mapped or there. */
  readonly credentials: ReadonlyMap<string, string>
  /** Those of the application's sessions; empty where none is mapped or there. */
  readonly sessions: ReadonlyMap<string, string>
  /** Which of them are views. */
  readonly views: readonly string[]
}

/** The two columns in which a flow may keep its proof's reference and expiry. */
export const resetColumns = { reference: 'reset_token', expiry: 'reset_token_expiry' } as const

/** A name as SQL takes it, whatever characters it holds. */
export const quote = (name: string): string => `"${name.replaceAll('\0', '').replaceAll('"', '""')}"`

/** The steps that a database lacks, in order. */
export function missing(table: AccountsTable, columns: boolean, found: Found): Migration[] {
  const steps: Migration[] = [{ name: '1-rows', sql: rows }]
  if (isOwn(table)) steps.push({ name: '2-users', sql: ownUsers })
  steps.push(
    { name: '4-audit', sql: audit },
    { name: '5-settings', sql: settings },
    { name: '6-events-of-accounts', sql: eventsOfAccounts },
    { name: '7-changes', sql: changes },
    { name: '9-refusals-of-nobody', sql: refusalsOfNobody },
  )
  if (isElsewhere(table)) steps.push({ name: '8-nobody', sql: nobody })
  return [...steps.filter((step) => !found.done.has(step.name)), ...(columns ? missingColumns(table, found) : [])]
}

/** Asked of the table itself and not of the record: the application may make its table anew. */
function missingColumns({ table }: AccountsTable, found: Found): Migration[] {
  const added = [
    [resetColumns.reference, 'TEXT'],
    [resetColumns.expiry, 'INTEGER'],
  ] as const
  const sql = added
    .filter(([name]) => !found.columns.has(name))
    .map(([name, type]) => `ALTER TABLE ${quote(table)} ADD COLUMN ${quote(name)} ${type};\n`)
  return sql.length === 0 ? [] : [{ name: `3-reset-columns-of-${table}`, sql: sql.join('') }]
}

/** Rows without an id of SQLite's own where the key is random: one page less is written per row. */
const rows = `
CREATE TABLE IF NOT EXISTS latchkey_migrations (
  name TEXT PRIMARY KEY,
  applied_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE latchkey_challenges (
  id TEXT PRIMARY KEY,
  flow TEXT NOT NULL,
  address_key TEXT NOT NULL,
  browser TEXT,
  key_id TEXT NOT NULL,
  asked_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('open', 'proved', 'closed')),
  tries_left INTEGER NOT NULL CHECK (tries_left >= 0),
  account_id TEXT,
  mails TEXT NOT NULL,
  nonce TEXT,
  mailed_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX latchkey_challenges_live ON latchkey_challenges (account_id, flow)
  WHERE account_id IS NOT NULL AND state <> 'closed';
CREATE INDEX latchkey_challenges_expiry ON latchkey_challenges (expires_at);

CREATE TABLE latchkey_letters (
  seq INTEGER PRIMARY KEY,
  id TEXT NOT NULL,
  kind TEXT NOT NULL,
  flow TEXT NOT NULL,
  challenge_id TEXT,
  account_id TEXT,
  sealed_address TEXT NOT NULL,
  key_id TEXT NOT NULL,
  locale TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  state TEXT NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'sent', 'dropped')),
  -- When its turn comes; while it is leased, when the lease ends.
  due_at INTEGER NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  lease TEXT,
  because TEXT
) STRICT;
CREATE INDEX latchkey_letters_due ON latchkey_letters (due_at) WHERE state = 'queued';
CREATE INDEX latchkey_letters_lease ON latchkey_letters (lease, id) WHERE lease IS NOT NULL;
CREATE INDEX latchkey_letters_over ON latchkey_letters (created_at) WHERE state <> 'queued';

CREATE TABLE latchkey_limits (
  key TEXT PRIMARY KEY,
  -- JSON: [[time, count], …], oldest first.
  times TEXT NOT NULL,
  quiet_until INTEGER NOT NULL,
  over_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE latchkey_events (
  seq INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  name TEXT NOT NULL,
  flow TEXT,
  account_id TEXT,
  address_key TEXT,
  challenge_id TEXT,
  network TEXT NOT NULL,
  agent TEXT NOT NULL,
  request_id TEXT NOT NULL,
  because TEXT
) STRICT;

CREATE TABLE latchkey_sessions (
  id TEXT PRIMARY KEY,
  account_id TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  network TEXT NOT NULL,
  agent TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX latchkey_sessions_account ON latchkey_sessions (account_id);
CREATE INDEX latchkey_sessions_expiry ON latchkey_sessions (expires_at);

CREATE TABLE latchkey_history (
  seq INTEGER PRIMARY KEY,
  account_id TEXT NOT NULL,
  password_hash TEXT NOT NULL,
  replaced_at INTEGER NOT NULL
) STRICT;
CREATE INDEX latchkey_history_account ON latchkey_history (account_id);
`

/**
 * SQLite's lower() folds A to Z and nothing else, which is just what is wanted. A number is never given to a second
 * account, so that nothing made for a deleted one opens another.
 */
const ownUsers = `
CREATE TABLE users (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  email TEXT NOT NULL,
  username TEXT,
  password_hash TEXT,
  email_verified INTEGER NOT NULL DEFAULT 0,
  is_active INTEGER NOT NULL DEFAULT 1,
  locale TEXT,
  created_at INTEGER NOT NULL DEFAULT (CAST(unixepoch('subsec') * 1000 AS INTEGER))
) STRICT;
CREATE UNIQUE INDEX latchkey_users_email ON users (lower(email));
CREATE UNIQUE INDEX latchkey_users_username ON users (lower(username));
`

/** What an operator sets while the servers run. Secrets in a value are sealed under a key that is not in the database. */
const settings = `
CREATE TABLE latchkey_settings (
  name TEXT PRIMARY KEY,
  -- JSON; null where it was taken back.
  value TEXT,
  version INTEGER NOT NULL CHECK (version > 0),
  changed_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
`

/** What sealing puts beside an event, the chain of segments, and where the chain begins when its oldest are gone. */
const audit = `
ALTER TABLE latchkey_events ADD COLUMN account_key TEXT;
ALTER TABLE latchkey_events ADD COLUMN personal TEXT;
ALTER TABLE latchkey_events ADD COLUMN salt TEXT;
ALTER TABLE latchkey_events ADD COLUMN seal TEXT;
-- Number of the event that tells of the erasure.
ALTER TABLE latchkey_events ADD COLUMN erased_by INTEGER;

CREATE TABLE latchkey_segments (
  number INTEGER PRIMARY KEY,
  first INTEGER NOT NULL,
  last INTEGER NOT NULL,
  count INTEGER NOT NULL,
  newest INTEGER NOT NULL,
  sealed_at INTEGER NOT NULL,
  key_id TEXT NOT NULL,
  previous TEXT NOT NULL,
  content TEXT NOT NULL,
  digest TEXT NOT NULL,
  -- 1 once networks and agents of its events were cut.
  shortened INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX latchkey_segments_whole ON latchkey_segments (number) WHERE shortened = 0;

CREATE TABLE latchkey_checkpoint (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  number INTEGER NOT NULL,
  last INTEGER NOT NULL,
  digest TEXT NOT NULL,
  removed_at INTEGER NOT NULL,
  key_id TEXT NOT NULL,
  mac TEXT NOT NULL
) STRICT;
`

/** An account's own events, for its page. An ask names no account, so no ask pays for it. */
const eventsOfAccounts = `
CREATE INDEX latchkey_events_account ON latchkey_events (account_id) WHERE account_id IS NOT NULL;
`

/**
 * A log-in that is refused is in that index whether the name has an account or not: else the commit is a page longer where
 * it has one, and 0.05 ms of the answer tell of it (bench/sameness.ts).
 */
const refusalsOfNobody = `
DROP INDEX latchkey_events_account;
CREATE INDEX latchkey_events_account ON latchkey_events (account_id)
  WHERE account_id IS NOT NULL OR name = 'session.refused';
`

/** Changes of passwords that are kept elsewhere: one for an account at a time, hence the key. */
const changes = `
CREATE TABLE latchkey_changes (
  account_id TEXT PRIMARY KEY,
  id TEXT NOT NULL,
  begun_at INTEGER NOT NULL,
  -- When somebody must look whether it was ended.
  due_at INTEGER NOT NULL,
  -- JSON; holds no password.
  body TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX latchkey_changes_due ON latchkey_changes (due_at);
`

/** An empty table: what is mapped where accounts are elsewhere. */
const nobody = `
CREATE TABLE latchkey_nobody (
  id TEXT PRIMARY KEY,
  email TEXT NOT NULL,
  password TEXT
) STRICT, WITHOUT ROWID;
`

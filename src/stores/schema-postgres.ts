/**
 * The tables in PostgreSQL, as steps that only go forward; step for step those of `schema.ts`. They are made in the first
 * schema of the search path. Keys are compared byte by byte (`COLLATE "C"`): they are no language, and it is much faster.
 */
import { isElsewhere, isOwn } from '../accounts/own.ts'
import type { AccountsTable, Migration } from '../engine/ports.ts'
import type { Of } from './mapping.ts'
import { quote, resetColumns } from './schema.ts'

/** What a database holds now. */
export type Found = {
  /** Names of the steps that were applied. */
  readonly done: ReadonlySet<string>
  /** Columns of the accounts' table as they are written, with their types; empty when there is no such table. */
  readonly columns: ReadonlyMap<string, string>
  /** Those of the credentials' table; empty where none is mapped or there. */
  readonly credentials: ReadonlyMap<string, string>
  /** Those of the application's sessions; empty where none is mapped or there. */
  readonly sessions: ReadonlyMap<string, string>
  /** The role that may not delete those; null where it may. */
  readonly keepsSessions: string | null
  /** What this role may not do with the tables, and what can be done about it; a sentence each. */
  readonly barred: readonly Barred[]
}

/** A column that cannot be read, or that cannot be written. */
export type Barred = {
  readonly of: Of
  readonly column: string
  readonly from: 'read' | 'write'
} & ({ readonly because: 'role'; readonly role: string } | { readonly because: 'view' })

/** A table's name in SQL. `auth.users` is the table `users` of the schema `auth`. */
export function quoteTable(name: string): string {
  const dot = name.indexOf('.')
  return dot < 0 ? quote(name) : `${quote(name.slice(0, dot))}.${quote(name.slice(dot + 1))}`
}

/** The column that is meant: as it is written, else the only one that differs in capitals. */
export const columnOf = ({ columns }: Pick<Found, 'columns'>, name: string): string | null => columnIn(columns, name)

/** The same among the columns of any table. */
export function columnIn(columns: ReadonlyMap<string, string>, name: string): string | null {
  if (columns.has(name)) return name
  const alike = [...columns.keys()].filter((one) => one.toLowerCase() === name.toLowerCase())
  return alike.length === 1 ? alike[0]! : null
}

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
    [resetColumns.expiry, 'BIGINT'],
  ] as const
  const sql = added
    .filter(([name]) => columnOf(found, name) === null)
    .map(([name, type]) => `ALTER TABLE ${quoteTable(table)} ADD COLUMN ${quote(name)} ${type};\n`)
  return sql.length === 0 ? [] : [{ name: `3-reset-columns-of-${table}`, sql: sql.join('') }]
}

/** Where a row is written anew without touching an index, room is left on its page for the new version. */
const rows = `
CREATE TABLE IF NOT EXISTS latchkey_migrations (
  name TEXT PRIMARY KEY,
  applied_at BIGINT NOT NULL
);

CREATE TABLE latchkey_challenges (
  id TEXT COLLATE "C" PRIMARY KEY,
  flow TEXT COLLATE "C" NOT NULL,
  address_key TEXT COLLATE "C" NOT NULL,
  browser TEXT COLLATE "C",
  key_id TEXT COLLATE "C" NOT NULL,
  asked_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  state TEXT COLLATE "C" NOT NULL CHECK (state IN ('open', 'proved', 'closed')),
  tries_left INTEGER NOT NULL CHECK (tries_left >= 0),
  account_id TEXT COLLATE "C",
  mails TEXT COLLATE "C" NOT NULL,
  nonce TEXT COLLATE "C",
  mailed_at BIGINT NOT NULL
) WITH (fillfactor = 85);
CREATE INDEX latchkey_challenges_live ON latchkey_challenges (account_id, flow)
  WHERE account_id IS NOT NULL AND state <> 'closed';
CREATE INDEX latchkey_challenges_expiry ON latchkey_challenges (expires_at);

CREATE TABLE latchkey_letters (
  seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id TEXT COLLATE "C" NOT NULL,
  kind TEXT COLLATE "C" NOT NULL,
  flow TEXT COLLATE "C" NOT NULL,
  challenge_id TEXT COLLATE "C",
  account_id TEXT COLLATE "C",
  sealed_address TEXT COLLATE "C" NOT NULL,
  key_id TEXT COLLATE "C" NOT NULL,
  locale TEXT COLLATE "C" NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  state TEXT COLLATE "C" NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'sent', 'dropped')),
  -- When its turn comes; while it is leased, when the lease ends.
  due_at BIGINT NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  lease TEXT COLLATE "C",
  because TEXT
) WITH (autovacuum_vacuum_scale_factor = 0.05);
CREATE INDEX latchkey_letters_due ON latchkey_letters (due_at, seq) WHERE state = 'queued';
CREATE INDEX latchkey_letters_lease ON latchkey_letters (lease, id) WHERE lease IS NOT NULL;
CREATE INDEX latchkey_letters_over ON latchkey_letters (created_at) WHERE state <> 'queued';

CREATE TABLE latchkey_limits (
  key TEXT COLLATE "C" PRIMARY KEY,
  -- JSON: [[time, count], …], oldest first.
  times TEXT COLLATE "C" NOT NULL,
  quiet_until BIGINT NOT NULL,
  over_at BIGINT NOT NULL
) WITH (fillfactor = 60, autovacuum_vacuum_scale_factor = 0.05);

CREATE TABLE latchkey_events (
  seq BIGINT PRIMARY KEY,
  at BIGINT NOT NULL,
  name TEXT COLLATE "C" NOT NULL,
  flow TEXT COLLATE "C",
  account_id TEXT COLLATE "C",
  address_key TEXT COLLATE "C",
  challenge_id TEXT COLLATE "C",
  network TEXT COLLATE "C" NOT NULL,
  agent TEXT NOT NULL,
  request_id TEXT COLLATE "C" NOT NULL,
  because TEXT
);
-- A number is given while the transaction ends, under the lock on this row: so numbers come in the order of commits,
-- and whoever reads one can read all before it. A sequence would leave gaps that are filled later.
CREATE TABLE latchkey_last_event (
  one SMALLINT PRIMARY KEY CHECK (one = 1),
  seq BIGINT NOT NULL
) WITH (fillfactor = 10, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0);
INSERT INTO latchkey_last_event VALUES (1, 0);

CREATE TABLE latchkey_sessions (
  id TEXT COLLATE "C" PRIMARY KEY,
  account_id TEXT COLLATE "C" NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  network TEXT COLLATE "C" NOT NULL,
  agent TEXT NOT NULL
);
CREATE INDEX latchkey_sessions_account ON latchkey_sessions (account_id);
CREATE INDEX latchkey_sessions_expiry ON latchkey_sessions (expires_at);

CREATE TABLE latchkey_history (
  seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  account_id TEXT COLLATE "C" NOT NULL,
  password_hash TEXT NOT NULL,
  replaced_at BIGINT NOT NULL
);
CREATE INDEX latchkey_history_account ON latchkey_history (account_id, seq);
`

/** In the collation "C" lower() folds A to Z and nothing else, which is just what is wanted. */
const ownUsers = `
CREATE TABLE users (
  id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  email TEXT NOT NULL,
  username TEXT,
  password_hash TEXT,
  email_verified BOOLEAN NOT NULL DEFAULT false,
  is_active BOOLEAN NOT NULL DEFAULT true,
  locale TEXT,
  created_at BIGINT NOT NULL DEFAULT floor(extract(epoch FROM clock_timestamp()) * 1000)
) WITH (fillfactor = 90);
CREATE UNIQUE INDEX latchkey_users_email ON users (lower(email COLLATE "C"));
CREATE UNIQUE INDEX latchkey_users_username ON users (lower(username COLLATE "C"));
`

/** What an operator sets while the servers run. Secrets in a value are sealed under a key that is not in the database. */
const settings = `
CREATE TABLE latchkey_settings (
  name TEXT COLLATE "C" PRIMARY KEY,
  -- JSON; null where it was taken back.
  value TEXT,
  version INTEGER NOT NULL CHECK (version > 0),
  changed_at BIGINT NOT NULL
);
`

/** What sealing puts beside an event, the chain of segments, and where the chain begins when its oldest are gone. */
const audit = `
ALTER TABLE latchkey_events
  ADD COLUMN account_key TEXT COLLATE "C",
  ADD COLUMN personal TEXT COLLATE "C",
  ADD COLUMN salt TEXT COLLATE "C",
  ADD COLUMN seal TEXT COLLATE "C",
  -- Number of the event that tells of the erasure.
  ADD COLUMN erased_by BIGINT;

CREATE TABLE latchkey_segments (
  number BIGINT PRIMARY KEY,
  first BIGINT NOT NULL,
  last BIGINT NOT NULL,
  count BIGINT NOT NULL,
  newest BIGINT NOT NULL,
  sealed_at BIGINT NOT NULL,
  key_id TEXT COLLATE "C" NOT NULL,
  previous TEXT COLLATE "C" NOT NULL,
  content TEXT COLLATE "C" NOT NULL,
  digest TEXT COLLATE "C" NOT NULL,
  -- True once networks and agents of its events were cut.
  shortened BOOLEAN NOT NULL DEFAULT false
);
CREATE INDEX latchkey_segments_whole ON latchkey_segments (number) WHERE NOT shortened;

CREATE TABLE latchkey_checkpoint (
  one SMALLINT PRIMARY KEY CHECK (one = 1),
  number BIGINT NOT NULL,
  last BIGINT NOT NULL,
  digest TEXT COLLATE "C" NOT NULL,
  removed_at BIGINT NOT NULL,
  key_id TEXT COLLATE "C" NOT NULL,
  mac TEXT COLLATE "C" NOT NULL
);
`

/** An account's own events, for its page. An ask names no account, so no ask pays for it. */
const eventsOfAccounts = `
CREATE INDEX latchkey_events_account ON latchkey_events (account_id, seq) WHERE account_id IS NOT NULL;
`

/** A log-in that is refused is in that index whether the name has an account or not: else its time tells which. */
const refusalsOfNobody = `
DROP INDEX latchkey_events_account;
CREATE INDEX latchkey_events_account ON latchkey_events (account_id, seq)
  WHERE account_id IS NOT NULL OR name = 'session.refused';
`

/** Changes of passwords that are kept elsewhere: one for an account at a time, hence the key. */
const changes = `
CREATE TABLE latchkey_changes (
  account_id TEXT COLLATE "C" PRIMARY KEY,
  id TEXT COLLATE "C" NOT NULL,
  begun_at BIGINT NOT NULL,
  -- When somebody must look whether it was ended.
  due_at BIGINT NOT NULL,
  -- JSON; holds no password.
  body TEXT NOT NULL
);
CREATE INDEX latchkey_changes_due ON latchkey_changes (due_at);
`

/** An empty table: what is mapped where accounts are elsewhere. */
const nobody = `
CREATE TABLE latchkey_nobody (
  id TEXT COLLATE "C" PRIMARY KEY,
  email TEXT NOT NULL,
  password TEXT
);
`

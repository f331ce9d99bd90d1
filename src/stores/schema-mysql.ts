/**
 * The tables in MySQL and MariaDB, as steps that only go forward; those of `schema.ts` under the same names. What these servers
 * do to a table is done at once and cannot be undone, so each statement may run again after a crash in the middle of a step.
 * Texts of ours are compared byte by byte, with no letter and no space that counts as another.
 */
import { isElsewhere, isOwn } from '../accounts/own.ts'
import type { AccountsTable, Migration } from '../engine/ports.ts'
import type { Of } from './mapping.ts'
import type { Flavour } from './mysql-pool.ts'
import { slots } from './mysql-rows.ts'
import { resetColumns } from './schema.ts'

/** A column: `type` in lower case without its length; for texts how they are encoded and compared. */
export type Column = {
  readonly type: string
  readonly unsigned: boolean
  readonly charset: string | null
  readonly collation: string | null
  readonly mayRead: boolean
  readonly mayWrite: boolean
}

/** A table or view. Without columns: there is none. */
export type FoundTable = {
  readonly columns: ReadonlyMap<string, Column>
  /** Null for a view. */
  readonly engine: string | null
  readonly isView: boolean
  /** False for a view that cannot be written. */
  readonly canWrite: boolean
}

/** What a database holds now. */
export type Found = Readonly<Record<Of, FoundTable>> & {
  readonly flavour: Flavour
  /** Names of the steps that were applied. */
  readonly done: ReadonlySet<string>
  /** As the server knows the user: `latchkey@%`. */
  readonly user: string
}

/** A name as SQL takes it, whatever characters it holds. */
export const quote = (name: string): string => `\`${name.replaceAll('\0', '').replaceAll('`', '``')}\``

/** A table's name in SQL. `shop.users` is the table `users` of the database `shop` on the same server. */
export function quoteTable(name: string): string {
  const dot = name.indexOf('.')
  return dot < 0 ? quote(name) : `${quote(name.slice(0, dot))}.${quote(name.slice(dot + 1))}`
}

/** The column that is meant; capitals do not count. */
export function columnIn<T>(columns: ReadonlyMap<string, T>, name: string): string | null {
  if (columns.has(name)) return name
  return [...columns.keys()].find((one) => one.toLowerCase() === name.toLowerCase()) ?? null
}

/** The steps that a database lacks, in order. */
export function missing(table: AccountsTable, columns: boolean, found: Found): Migration[] {
  const steps: Migration[] = [{ name: '1-rows', sql: rows }]
  if (isOwn(table)) steps.push({ name: '2-users', sql: ownUsers })
  steps.push(
    { name: '4-audit', sql: audit },
    { name: '5-settings', sql: settings },
    { name: '7-changes', sql: changes },
  )
  if (isElsewhere(table)) steps.push({ name: '8-nobody', sql: nobody })
  const collated = steps.map(({ name, sql }) => ({ name, sql: sql.replaceAll(') OURS', `) ${made[found.flavour]}`) }))
  return [...collated.filter((step) => !found.done.has(step.name)), ...(columns ? missingColumns(table, found) : [])]
}

/** Statements of a step. */
export const statementsIn = (sql: string): string[] => sql.split(/;\s*\n/).filter((one) => one.trim() !== '')

/** How each calls the order of bytes that pads nothing. */
const made = {
  mariadb: 'ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin',
  mysql: 'ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_bin',
}

/** Whether a table is the one that `2-users` makes: after a crash it may stand there, and nobody noted that. */
export const isOurUsers = ({ columns }: FoundTable): boolean =>
  columns.size === ourUsers.length && ourUsers.every((name) => columns.has(name))
const ourUsers = ['id', 'email', 'username', 'password_hash', 'email_verified', 'is_active', 'locale', 'created_at']

/** Asked of the table itself and not of the record: the application may make its table anew. */
function missingColumns({ table }: AccountsTable, found: Found): Migration[] {
  const added = [
    [resetColumns.reference, 'VARCHAR(255)'],
    [resetColumns.expiry, 'BIGINT'],
  ] as const
  const sql = added
    .filter(([name]) => columnIn(found.accounts.columns, name) === null)
    .map(([name, type]) => `ALTER TABLE ${quoteTable(table)} ADD COLUMN ${quote(name)} ${type};\n`)
  return sql.length === 0 ? [] : [{ name: `3-reset-columns-of-${table}`, sql: sql.join('') }]
}

const rows = `
CREATE TABLE IF NOT EXISTS latchkey_migrations (
  name VARCHAR(255) NOT NULL PRIMARY KEY,
  applied_at BIGINT NOT NULL
) OURS;

-- Held while one counts: a key's row is found by a hash, whether anything is kept under it or not.
CREATE TABLE IF NOT EXISTS latchkey_locks (
  slot SMALLINT UNSIGNED NOT NULL PRIMARY KEY
) OURS;
INSERT IGNORE INTO latchkey_locks (slot)
  WITH RECURSIVE n AS (SELECT 0 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 63)
  SELECT a.i * 64 + b.i FROM n AS a, n AS b WHERE a.i * 64 + b.i < ${slots};

CREATE TABLE IF NOT EXISTS latchkey_challenges (
  id VARCHAR(255) NOT NULL PRIMARY KEY,
  flow VARCHAR(100) NOT NULL,
  address_key VARCHAR(255) NOT NULL,
  browser VARCHAR(255),
  key_id VARCHAR(255) NOT NULL,
  asked_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  state VARCHAR(10) NOT NULL CHECK (state IN ('open', 'proved', 'closed')),
  tries_left INT NOT NULL CHECK (tries_left >= 0),
  account_id VARCHAR(512),
  mails VARCHAR(255) NOT NULL,
  nonce VARCHAR(255),
  mailed_at BIGINT NOT NULL,
  KEY latchkey_challenges_live (account_id, flow, state),
  KEY latchkey_challenges_expiry (expires_at)
) OURS;

CREATE TABLE IF NOT EXISTS latchkey_letters (
  seq BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  id VARCHAR(255) NOT NULL,
  kind VARCHAR(100) NOT NULL,
  flow VARCHAR(100) NOT NULL,
  challenge_id VARCHAR(255),
  account_id VARCHAR(512),
  sealed_address TEXT NOT NULL,
  key_id VARCHAR(255) NOT NULL,
  locale VARCHAR(100) NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  state VARCHAR(10) NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'sent', 'dropped')),
  -- When its turn comes. While it is leased, when the lease ends.
  due_at BIGINT NOT NULL,
  attempts INT NOT NULL DEFAULT 0,
  lease VARCHAR(255),
  because TEXT,
  KEY latchkey_letters_due (state, due_at, seq),
  KEY latchkey_letters_lease (lease, id),
  KEY latchkey_letters_over (state, created_at)
) OURS;

CREATE TABLE IF NOT EXISTS latchkey_limits (
  name VARCHAR(512) NOT NULL PRIMARY KEY,
  -- JSON: [[time, count], …], oldest first.
  times MEDIUMTEXT NOT NULL,
  quiet_until BIGINT NOT NULL,
  over_at BIGINT NOT NULL
) OURS;

CREATE TABLE IF NOT EXISTS latchkey_events (
  seq BIGINT NOT NULL PRIMARY KEY,
  at BIGINT NOT NULL,
  name VARCHAR(100) NOT NULL,
  flow VARCHAR(100),
  account_id VARCHAR(512),
  address_key VARCHAR(255),
  challenge_id VARCHAR(255),
  network VARCHAR(255) NOT NULL,
  agent TEXT NOT NULL,
  request_id VARCHAR(255) NOT NULL,
  because TEXT,
  -- What sealing puts beside an event.
  account_key VARCHAR(255),
  personal VARCHAR(255),
  salt VARCHAR(255),
  seal VARCHAR(255),
  -- Number of the event that tells of the erasure.
  erased_by BIGINT,
  -- An account's own events, for its page.
  KEY latchkey_events_account (account_id, seq)
) OURS;
-- A number is given while the transaction ends, under the lock on this row: so numbers come in the order of commits,
-- and whoever reads one can read all before it. AUTO_INCREMENT would leave gaps that are filled later.
CREATE TABLE IF NOT EXISTS latchkey_last_event (
  one TINYINT NOT NULL PRIMARY KEY CHECK (one = 1),
  seq BIGINT NOT NULL
) OURS;
INSERT IGNORE INTO latchkey_last_event VALUES (1, 0);

CREATE TABLE IF NOT EXISTS latchkey_sessions (
  id VARCHAR(255) NOT NULL PRIMARY KEY,
  account_id VARCHAR(512) NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  network VARCHAR(255) NOT NULL,
  agent TEXT NOT NULL,
  KEY latchkey_sessions_account (account_id),
  KEY latchkey_sessions_expiry (expires_at)
) OURS;

CREATE TABLE IF NOT EXISTS latchkey_history (
  seq BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  account_id VARCHAR(512) NOT NULL,
  password_hash TEXT NOT NULL,
  replaced_at BIGINT NOT NULL,
  KEY latchkey_history_account (account_id, seq)
) OURS;
`

/** Found by an order in which more is equal than is meant, and told apart afterwards: no order folds A to Z alone. */
const ownUsers = `
CREATE TABLE IF NOT EXISTS users (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  email VARCHAR(320) NOT NULL,
  username VARCHAR(255),
  password_hash TEXT,
  email_verified BOOLEAN NOT NULL DEFAULT FALSE,
  is_active BOOLEAN NOT NULL DEFAULT TRUE,
  locale VARCHAR(100),
  created_at BIGINT NOT NULL DEFAULT (ROUND(UNIX_TIMESTAMP(CURRENT_TIMESTAMP(3)) * 1000)),
  KEY latchkey_users_email (email),
  KEY latchkey_users_username (username)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
`

/** What an operator sets while the servers run. Secrets in a value are sealed under a key that is not in the database. */
const settings = `
CREATE TABLE IF NOT EXISTS latchkey_settings (
  name VARCHAR(255) NOT NULL PRIMARY KEY,
  -- JSON. Null where it was taken back.
  value MEDIUMTEXT,
  version INT NOT NULL CHECK (version > 0),
  changed_at BIGINT NOT NULL
) OURS;
`

/** The chain of segments, and where it begins when its oldest are gone. */
const audit = `
CREATE TABLE IF NOT EXISTS latchkey_segments (
  number BIGINT NOT NULL PRIMARY KEY,
  first BIGINT NOT NULL,
  last BIGINT NOT NULL,
  count BIGINT NOT NULL,
  newest BIGINT NOT NULL,
  sealed_at BIGINT NOT NULL,
  key_id VARCHAR(255) NOT NULL,
  previous VARCHAR(255) NOT NULL,
  content VARCHAR(255) NOT NULL,
  digest VARCHAR(255) NOT NULL,
  -- True once networks and agents of its events were cut.
  shortened BOOLEAN NOT NULL DEFAULT FALSE,
  KEY latchkey_segments_whole (shortened, number)
) OURS;

CREATE TABLE IF NOT EXISTS latchkey_checkpoint (
  one TINYINT NOT NULL PRIMARY KEY CHECK (one = 1),
  number BIGINT NOT NULL,
  last BIGINT NOT NULL,
  digest VARCHAR(255) NOT NULL,
  removed_at BIGINT NOT NULL,
  key_id VARCHAR(255) NOT NULL,
  mac VARCHAR(255) NOT NULL
) OURS;
`

/** Changes of passwords that are kept elsewhere: one for an account at a time, hence the key. */
const changes = `
CREATE TABLE IF NOT EXISTS latchkey_changes (
  account_id VARCHAR(512) NOT NULL PRIMARY KEY,
  id VARCHAR(255) NOT NULL,
  begun_at BIGINT NOT NULL,
  -- When somebody must look whether it was ended.
  due_at BIGINT NOT NULL,
  -- JSON. Holds no password.
  body MEDIUMTEXT NOT NULL,
  KEY latchkey_changes_due (due_at)
) OURS;
`

/** An empty table: what is mapped where accounts are elsewhere. */
const nobody = `
CREATE TABLE IF NOT EXISTS latchkey_nobody (
  id VARCHAR(255) NOT NULL PRIMARY KEY,
  email VARCHAR(320) NOT NULL,
  password TEXT
) OURS;
`

/** Looks at what a database holds, and brings it forward. */
import { isElsewhere, isOwn } from '../accounts/own.ts'
import { Fault } from '../engine/outcome.ts'
import type { AccountsTable, Migration } from '../engine/ports.ts'
import { sessionsOf } from './mapping.ts'
import type { Answer, Postgres, Statement } from './postgres-pool.ts'
import { lock } from './postgres-rows.ts'
import { refuseUnknown } from './postgres-users.ts'
import { type Barred, type Found, missing, quoteTable } from './schema-postgres.ts'

/** What is looked for beside the steps that were applied: a table's columns, a domain by what it is of. */
const columnsOf = (table: string): Statement => ({
  text: `SELECT attname AS name,
      format_type(CASE WHEN typtype = 'd' THEN typbasetype ELSE pg_type.oid END, NULL) AS type, current_user AS role,
      has_column_privilege(attrelid, attnum, 'SELECT') AS "mayRead",
      has_column_privilege(attrelid, attnum, 'UPDATE') AS "mayWrite",
      relkind NOT IN ('v', 'm', 'f') OR pg_column_is_updatable(attrelid, attnum, true) AS "canWrite"
    FROM pg_attribute JOIN pg_type ON pg_type.oid = atttypid JOIN pg_class ON pg_class.oid = attrelid
    WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped ORDER BY attnum`,
  values: [table === '' ? null : quoteTable(table)],
})

/** By way of pg_class: what a session has learned about names it forgets only when it opens a table. */
const began: Statement = {
  text: `SELECT EXISTS (SELECT FROM pg_class WHERE oid = to_regclass('latchkey_migrations')) AS began`,
}
const doneSteps: Statement = { text: 'SELECT name FROM latchkey_migrations' }

/** The role, where it may not delete rows of a table that is there. */
const keepsRows = (table: string): Statement => ({
  text: `SELECT current_user AS role FROM pg_class
    WHERE oid = to_regclass($1) AND NOT has_table_privilege(oid, 'DELETE')`,
  values: [table === '' ? null : quoteTable(table)],
})

/** Runs statements in order, in one session. */
export type Run = (...statements: Statement[]) => Promise<Answer[]>

/** What the database holds. */
export async function look(run: Run, mapping: AccountsTable): Promise<Found> {
  const { table, credentials } = mapping
  const sessions = sessionsOf(mapping)
  const [first, columns, others, ended, keeps] = await run(
    began,
    columnsOf(table),
    columnsOf(credentials?.table ?? ''),
    columnsOf(sessions?.table ?? ''),
    keepsRows(sessions?.table ?? ''),
  )
  const done = first!.rows[0]?.began ? (await run(doneSteps))[0]!.rows : []
  return {
    done: new Set(done.map((row) => String(row.name))),
    columns: typesOf(columns!),
    credentials: typesOf(others!),
    sessions: typesOf(ended!),
    barred: [...barredIn('accounts', columns!), ...barredIn('credentials', others!), ...barredIn('sessions', ended!)],
    keepsSessions: keeps!.rows[0] ? String(keeps!.rows[0].role) : null,
  }
}

const typesOf = ({ rows }: Answer): Map<string, string> =>
  new Map(rows.map((row) => [String(row.name), String(row.type)]))

const barredIn = (of: Barred['of'], { rows }: Answer): Barred[] =>
  rows.flatMap(({ name, role, mayRead, mayWrite, canWrite }): Barred[] => {
    const column = String(name)
    const byRole = { of, column, because: 'role', role: String(role) } as const
    return [
      ...(mayRead ? [] : [{ ...byRole, from: 'read' as const }]),
      ...(canWrite ? [] : [{ of, column, from: 'write' as const, because: 'view' as const }]),
      ...(mayWrite || !canWrite ? [] : [{ ...byRole, from: 'write' as const }]),
    ]
  })

/** The steps that the database lacks. */
export const pendingIn = async (db: Postgres, table: AccountsTable, columns: boolean): Promise<Migration[]> =>
  stepsFor(await look(db.read, table), table, columns)

/** What an up-to-date database holds. */
export async function ready(db: Postgres, table: AccountsTable, columns: boolean): Promise<Found> {
  const found = await look(db.read, table)
  const lacking = stepsFor(found, table, columns).map((step) => step.name)
  if (lacking.length === 0) return found
  throw new Fault('configuration', `${db.place} lacks ${lacking.join(', ')}: run "latchkey migrate".`)
}

/** Applies what is missing, each step in a transaction of its own; answers what this process applied. */
export async function migrateIn(db: Postgres, table: AccountsTable, columns: boolean): Promise<Migration[]> {
  const applied: Migration[] = []
  // A start with nothing to do waits for nobody.
  if ((await pendingIn(db, table, columns)).length === 0) return applied
  for (let step = await applyNext(db, table, columns); step; step = await applyNext(db, table, columns)) {
    applied.push(step)
  }
  return applied
}

/** How long one process waits for another's migration of a large table, in milliseconds. */
const patience = 60_000

/** Looks again under the lock, so that of any number of processes one applies a step. */
const applyNext = (db: Postgres, table: AccountsTable, columns: boolean): Promise<Migration | null> =>
  db.transaction(async (transaction) => {
    await transaction.all({ text: `SET LOCAL statement_timeout = ${patience}` }, lock(['migrate']))
    const [step] = stepsFor(await look(transaction.all, table), table, columns)
    if (!step) return null
    await transaction.commit(
      { text: step.sql },
      {
        text: `INSERT INTO latchkey_migrations VALUES ($1, floor(extract(epoch FROM clock_timestamp()) * 1000))
          ON CONFLICT (name) DO UPDATE SET applied_at = excluded.applied_at`,
        values: [step.name],
      },
    )
    return step
  })

function stepsFor(found: Found, table: AccountsTable, columns: boolean): Migration[] {
  const steps = missing(table, columns, found)
  // Its table is one of the steps.
  if (isElsewhere(table)) return steps
  if (!isOwn(table)) refuseUnknown(table, found)
  else if (found.columns.size > 0 && steps.some((step) => step.name === '2-users')) {
    throw new Fault(
      'configuration',
      'The database has a table "users" that Latchkey did not make: say with "accounts" which column is which.',
    )
  }
  return steps
}

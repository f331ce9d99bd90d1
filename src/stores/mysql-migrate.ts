/** Looks at what a database holds, and brings it forward. */
import { isElsewhere, isOwn } from '../accounts/own.ts'
import { Fault } from '../engine/outcome.ts'
import type { AccountsTable, Migration } from '../engine/ports.ts'
import { type Of, tableOf } from './mapping.ts'
import { flavourOf, type Mysql } from './mysql-pool.ts'
import { refuseUnknown } from './mysql-users.ts'
import { type Column, type Found, type FoundTable, isOurUsers, missing, statementsIn } from './schema-mysql.ts'
import type { Answer, Statement } from './transaction.ts'

/** Runs statements in order, in one session. */
export type Run = (...statements: Statement[]) => Promise<Answer[]>

const about: Statement = { text: 'SELECT VERSION() AS version, CURRENT_USER() AS user, DATABASE() AS name' }
const doneSteps: Statement = { text: 'SELECT name FROM latchkey_migrations' }

/** A table by the name of its database and its own: questions by both open that table and no other of the server. */
type Place = readonly [schema: string, table: string]

/** `shop.users` is a table of another database; else it is of this one. */
function placed(table: string, schema: string): Place {
  const dot = table.indexOf('.')
  return dot < 0 ? [schema, table] : [table.slice(0, dot), table.slice(dot + 1)]
}

const columnsOf = (place: Place): Statement => ({
  text: `SELECT table_name AS tableName, column_name AS name, data_type AS type, column_type AS whole,
    character_set_name AS charset, collation_name AS collation, privileges
    FROM information_schema.columns WHERE table_schema = $1 AND table_name = $2 ORDER BY ordinal_position`,
  values: place,
})

const tablesOf = (place: Place): Statement => ({
  text: `SELECT table_name AS tableName, engine AS engine, table_type AS type FROM information_schema.tables
    WHERE table_schema = $1 AND table_name = $2`,
  values: place,
})

const viewsOf = (place: Place): Statement => ({
  text: `SELECT is_updatable AS updatable FROM information_schema.views WHERE table_schema = $1 AND table_name = $2`,
  values: place,
})

/** What the database holds. */
export async function look(run: Run, mapping: AccountsTable): Promise<Found> {
  const [first] = await run(about)
  const { version, user, name } = first!.rows[0]!
  const [began] = await run(tablesOf([String(name), 'latchkey_migrations']))
  const done = began!.count > 0 ? (await run(doneSteps))[0]!.rows : []
  const table = (of: Of) =>
    of === 'accounts' || isMapped(mapping, of) ? foundIn(run, placed(tableOf(mapping, of), String(name))) : nothing
  return {
    accounts: await table('accounts'),
    credentials: await table('credentials'),
    sessions: await table('sessions'),
    flavour: flavourOf(String(version)),
    user: String(user),
    done: new Set(done.map((row) => String(row.name))),
  }
}

const nothing: FoundTable = { columns: new Map(), engine: null, isView: false, canWrite: true }

const isMapped = (mapping: AccountsTable, of: 'credentials' | 'sessions'): boolean => typeof mapping[of] === 'object'

/** Where names that differ in capitals alone are two tables, the one that is written so. */
async function foundIn(run: Run, place: Place): Promise<FoundTable> {
  const [columns, tables] = await run(columnsOf(place), tablesOf(place))
  const exact = tables!.rows.find(({ tableName }) => tableName === place[1]) ?? tables!.rows[0]
  const isView = exact?.type === 'VIEW'
  const [view] = isView ? await run(viewsOf(place)) : []
  const own = columns!.rows.filter(({ tableName }) => tableName === exact?.tableName)
  return {
    columns: new Map(own.map((row) => [String(row.name), columnOf(row)])),
    engine: exact?.engine == null ? null : String(exact.engine),
    isView,
    canWrite: !isView || view?.rows[0]?.updatable === 'YES',
  }
}

const columnOf = ({ type, whole, charset, collation, privileges }: Record<string, unknown>): Column => ({
  type: String(type).toLowerCase(),
  unsigned: /unsigned/i.test(String(whole)),
  charset: charset === null ? null : String(charset),
  collation: collation === null ? null : String(collation),
  mayRead: /\bselect\b/i.test(String(privileges)),
  mayWrite: /\bupdate\b/i.test(String(privileges)),
})

/** The steps that the database lacks. */
export const pendingIn = async (db: Mysql, table: AccountsTable, columns: boolean): Promise<Migration[]> =>
  stepsFor(await look(db.read, table), table, columns)

/** What an up-to-date database holds. */
export async function ready(db: Mysql, table: AccountsTable, columns: boolean): Promise<Found> {
  const found = await look(db.read, table)
  const lacking = stepsFor(found, table, columns).map((step) => step.name)
  if (lacking.length === 0) return found
  throw new Fault('configuration', `${db.place} lacks ${lacking.join(', ')}: run "latchkey migrate".`)
}

/** How long one process waits for another's migration of a large table, in seconds. */
const patience = 60

/** One lock for each database of a server. */
const named = `CONCAT('latchkey ', MD5(DATABASE()))`

/** Applies what is missing, one process at a time; answers what this process applied. */
export async function migrateIn(db: Mysql, table: AccountsTable, columns: boolean): Promise<Migration[]> {
  // A start with nothing to do waits for nobody.
  if ((await pendingIn(db, table, columns)).length === 0) return []
  return db.session(async (run) => {
    const [taken] = await run({ text: `SELECT GET_LOCK(${named}, ${patience}) AS taken` })
    if (Number(taken!.rows[0]?.taken) !== 1) {
      throw new Fault('database-busy', `${db.place} is being migrated by another process. Try again when it is done.`)
    }
    try {
      const applied: Migration[] = []
      for (let step = await next(run, table, columns); step; step = await next(run, table, columns)) {
        await apply(run, step)
        applied.push(step)
      }
      return applied
    } finally {
      await run({ text: `SELECT RELEASE_LOCK(${named})` }).catch(() => {})
    }
  })
}

/** Looked for anew each time: what another applied meanwhile, and the columns of a table that has just been made. */
const next = async (run: Run, table: AccountsTable, columns: boolean): Promise<Migration | undefined> =>
  stepsFor(await look(run, table), table, columns)[0]

async function apply(run: Run, { name, sql }: Migration): Promise<void> {
  for (const text of statementsIn(sql)) await run({ text })
  await run({
    text: `INSERT INTO latchkey_migrations (name, applied_at)
      VALUES ($1, ROUND(UNIX_TIMESTAMP(SYSDATE(3)) * 1000)) ON DUPLICATE KEY UPDATE applied_at = VALUES(applied_at)`,
    values: [name],
  })
}

function stepsFor(found: Found, table: AccountsTable, columns: boolean): Migration[] {
  const steps = missing(table, columns, found)
  // The table that stands for accounts elsewhere is one of ours, and may not be there yet.
  if (!isOwn(table) && !(isElsewhere(table) && steps.length > 0)) refuseUnknown(table, found)
  else if (
    isOwn(table) &&
    found.accounts.columns.size > 0 &&
    !isOurUsers(found.accounts) &&
    steps.some((step) => step.name === '2-users')
  ) {
    throw new Fault(
      'configuration',
      'The database has a table "users" that Latchkey did not make: say with "accounts" which column is which.',
    )
  }
  return steps
}

/** What goes wrong with MySQL, in plain words: what is busy and will go by, and what somebody must mend. */
import { Fault } from '../engine/outcome.ts'

/** Where the database is, for sentences: never a user's name or password. */
export type Place = string

/**
 * An error of the server has a number: https://dev.mysql.com/doc/mysql-errors/8.0/en/server-error-reference.html and
 * https://mariadb.com/kb/en/mariadb-error-codes/. What the driver says of a connection has none, or one below 0.
 */
const numberOf = (error: unknown): number | null => {
  const { errno, sqlState } = (error ?? {}) as { errno?: unknown; sqlState?: unknown }
  return typeof errno === 'number' && errno > 0 && sqlState !== undefined ? errno : null
}

const among = (error: unknown, ...numbers: number[]): boolean => numbers.includes(numberOf(error) ?? 0)

/** Two transactions stood in each other's way, and this one was undone: it may be tried again. */
export const isUndone = (error: unknown): boolean => among(error, 1213, 1020)

/** The server ends the connection, or there is none: nothing more can be learned on it. */
export function isLost(error: unknown): boolean {
  if (numberOf(error) === null) return !isOurs(error)
  // Shutting down, killed, gone after being idle.
  return among(error, 1053, 1077, 1079, 1184, 1927, 3169, 4031)
}

/** Lost, and not after waiting in vain: a new connection may do better at once. */
export const isBroken = (error: unknown): boolean => isLost(error) && !isSlow(error)

/** The connection works and is of no more use: to a replica, or a server that is only read, since another is written now. */
export const isOfReplica = (error: unknown): boolean => among(error, 1290, 1792, 1836)

/** Whether it is of use to try each operation of a group alone: only where a value of one of them is at fault. */
export function isOfOneOperation(error: unknown): boolean {
  const cause = (error as Error | null)?.cause ?? error
  return isOurs(cause) || among(cause, ...ofValues)
}

/** Too long, out of range, no text of its encoding, there already, none where one must be, against a condition. */
const ofValues = [1406, 1264, 1366, 1292, 1265, 1062, 1048, 3819, 4025, 1153]

/** A mistake in what was called, such as a function where a text belongs. */
const isOurs = (error: unknown): boolean => error instanceof TypeError || error instanceof RangeError

const isSlow = (error: unknown): boolean =>
  /timeout|timed ?out/i.test(error instanceof Error ? `${error.message} ${(error as { code?: string }).code}` : '') ||
  among(error, 1205, 1969, 3024, 1317)

/** What went wrong, and what to do about it. No value that was sent or kept stands in it. */
export function faultOf(place: Place, error: unknown): Fault {
  if (error instanceof Fault) return error
  const number = numberOf(error)
  const cause = bare(error, number)
  const busy = (text: string) => new Fault('database-busy', `${place} ${text}`, { cause })
  const broken = (text: string) => new Fault('database', `${place} ${text}`, { cause })
  if (isSlow(error)) return busy('did not answer in time. Nothing of this operation counts. Try again.')
  switch (number) {
    case 1213:
    case 1020:
      return busy('had others in the way of this operation, again and again. Nothing of it was written. Try again.')
    case 1040:
    case 1203:
    case 1226:
      return busy('has no connection left. Raise its max_connections, or lower "connections".')
    case 1290:
    case 1792:
    case 1836:
      return busy('is only read, as a replica is: another server is written now. It is looked for again.')
    case 1044:
    case 1045:
    case 1049:
    case 1698:
      return broken(`refuses the log-in (${number}). Check user, password and database in DATABASE_URL.`)
    case 1142:
    case 1143:
    case 1227:
      return broken('forbids it to this user: see "What its user may do" in docs/mysql.md.')
    case 1146:
    case 1054:
      return broken(`lacks a table or column (${number}): run "latchkey migrate".`)
    case 1021:
    case 1114:
      return broken('has no room left on its disk. Nothing of this operation was written.')
  }
  if (isLost(error)) {
    const why = number ?? (error as { code?: string } | null)?.code ?? cause.message
    return busy(`cannot be reached, or ended the connection (${why}). Nothing of this operation counts. Try again.`)
  }
  return broken(`answered: ${cause.message}`)
}

/** The commit was sent and its answer never came: it may be done, so it is not done again. */
export const uncertain = (place: Place, error: unknown): Fault =>
  new Fault('database-busy', `${place} ended the connection while it wrote: it may be written, or not.`, {
    cause: bare(error, numberOf(error)),
  })

/** Without what quotes a value: the server's sentence does, and the driver keeps the statement beside it. */
function bare(error: unknown, number: number | null): Error {
  if (isOurs(error)) return error as Error
  const { message = String(error), code } = (error ?? {}) as Error & { code?: string }
  if (number === null) return Object.assign(new Error(message), code === undefined ? {} : { code })
  const said = ofValues.includes(number) ? 'a value does not fit' : message
  const { sqlState } = error as { sqlState?: string }
  return Object.assign(new Error(`${said} (${number})`), { errno: number, sqlState, code })
}

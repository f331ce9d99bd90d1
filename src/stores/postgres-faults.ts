/** What goes wrong with PostgreSQL, in plain words: what is busy and will go by, and what somebody must mend. */
import { Fault } from '../engine/outcome.ts'

/** Where the database is, for sentences: never a user's name or password. */
export type Place = string

/** An error of the server has a code of five characters: https://www.postgresql.org/docs/current/errcodes-appendix.html */
const codeOf = (error: unknown): string | null => {
  const code = (error as { code?: unknown } | null)?.code
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) && !code.startsWith('E') ? code : null
}

/** Two transactions stood in each other's way, and this one was undone: it may be tried again. */
export const isUndone = (error: unknown): boolean => ['40001', '40P01'].includes(codeOf(error) ?? '')

/** The server ends the connection, or there is none: nothing more can be learned on it. */
export function isLost(error: unknown): boolean {
  const code = codeOf(error)
  if (code === null) return !isOurs(error)
  return code.startsWith('08') || code.startsWith('57P') || code === '25P03'
}

/** Lost, and not after waiting in vain: a new connection may do better at once. */
export const isBroken = (error: unknown): boolean => isLost(error) && !isSlow(error)

/** The connection works and is of no more use: a standby, since another server is the primary now. */
export const isOfStandby = (error: unknown): boolean => codeOf(error) === '25006'

/** Whether it is of use to try each operation of a group alone: only where a value of one of them is at fault. */
export function isOfOneOperation(error: unknown): boolean {
  const cause = (error as Error | null)?.cause ?? error
  return isOurs(cause) || /^2[123]/.test(codeOf(cause) ?? '')
}

/** A mistake in what was called, such as a function where a text belongs. */
const isOurs = (error: unknown): boolean => error instanceof TypeError || error instanceof RangeError

const isSlow = (error: unknown): boolean =>
  /timeout|timed out/i.test(error instanceof Error ? error.message : '') || codeOf(error) === '57014'

/** What went wrong, and what to do about it. No value that was sent or kept stands in it. */
export function faultOf(place: Place, error: unknown): Fault {
  if (error instanceof Fault) return error
  const code = codeOf(error)
  const cause = bare(error, code)
  const busy = (text: string) => new Fault('database-busy', `${place} ${text}`, { cause })
  const broken = (text: string) => new Fault('database', `${place} ${text}`, { cause })
  if (isSlow(error)) return busy('did not answer in time. Nothing of this operation counts. Try again.')
  switch (code) {
    case '40001':
    case '40P01':
    case '55P03':
      return busy('had others in the way of this operation, again and again. Nothing of it was written. Try again.')
    case '53300':
      return busy('has no connection left. Raise its max_connections, put PgBouncer before it, or lower "connections".')
    case '25006':
      return busy('is a standby, which cannot be written: the primary has moved. It is looked for again.')
    case '28P01':
    case '28000':
    case '3D000':
      return broken(`refuses the log-in (${code}). Check user, password and database in DATABASE_URL.`)
    case '42501':
      return broken('forbids it to this role: see "Roles" in docs/postgres.md.')
    case '42P01':
    case '42703':
      return broken(`lacks a table or column (${code}): run "latchkey migrate".`)
    case '53100':
      return broken('has no room left on its disk. Nothing of this operation was written.')
  }
  if (isLost(error)) {
    const why = code ?? (error as { code?: string } | null)?.code ?? cause.message
    return busy(`cannot be reached, or ended the connection (${why}). Nothing of this operation counts. Try again.`)
  }
  return broken(`answered: ${cause.message}`)
}

/** The commit was sent and its answer never came: it may be done, so it is not done again. */
export const uncertain = (place: Place, error: unknown): Fault =>
  new Fault('database-busy', `${place} ended the connection while it wrote: it may be written, or not.`, {
    cause: bare(error, codeOf(error)),
  })

/** Without the detail, which quotes rows; data exceptions quote a value in their message too. */
function bare(error: unknown, code: string | null): Error {
  if (isOurs(error)) return error as Error
  const { message = String(error), constraint } = (error ?? {}) as Error & { constraint?: string }
  if (code === null) return new Error(message)
  const said = code.startsWith('22') ? 'a value does not fit' : message
  const kept = new Error(`${said} (${code}${constraint ? `, ${constraint}` : ''})`)
  return Object.assign(kept, { code })
}

/** What a users table's passwords look like, from some of its rows: for the start, which refuses a wrong guess, and for `doctor`. */
import type { Accounts } from '../engine/ports.ts'
import { type FormName, forms, readColumn } from './formats/index.ts'

/** Rows that the start looks at. */
export const surveyed = 1_000

/** How the passwords of a table are written. */
export type HashOptions = {
  /** The form of new passwords, which the application's own log-in must read: docs/hashes.md lists them. */
  readonly form: FormName
  /** Devise's pepper, for the form `devise`. Default: none. */
  readonly pepper?: string
}

/** The option as it was given, made whole; null where nothing was said. */
export const hashOptions = (given: FormName | HashOptions | undefined): HashOptions | null =>
  typeof given === 'string' ? { form: given } : (given ?? null)

/** What is wrong with the option, as a sentence; null when nothing is. */
export function refuseHash(given: FormName | HashOptions | undefined): string | null {
  const options = hashOptions(given)
  if (options === null) return null
  const { form, pepper } = options
  if (!Object.hasOwn(forms, form)) {
    return `accounts.hash: "${String(form)}" is no form of password hashes; known are ${Object.keys(forms).join(', ')}.`
  }
  return pepper && form !== 'devise' ? 'accounts.hash: a pepper goes with the form "devise" only.' : null
}

/** The first rows' password columns. */
export const firstHashes = async (accounts: Pick<Accounts, 'list'>): Promise<(string | null)[]> =>
  (await accounts.list(null, surveyed)).map(({ passwordHash }) => passwordHash)

/**
 * What stands against writing `form` into a table with these hashes; null when nothing does. `isGiven`: it was asked for
 * by name, and may be new to the table. Where nothing was said and the rows are of another form, the application's
 * log-in would not know what is written: that is refused.
 */
export function refuseForm(texts: readonly (string | null)[], form: FormName, isGiven: boolean): string | null {
  const hashes = texts.filter((text): text is string => readColumn(text).kind !== 'none')
  const known = Object.keys(forms) as FormName[]
  if (hashes.length === 0 || hashes.some((text) => forms[form].mark.test(text))) return null
  if (isGiven) return null
  const likely = known.filter((name) => hashes.some((text) => forms[name].mark.test(text)))
  return likely.length === 0
    ? null
    : `accounts.hash is missing, and no password of the table is in the form "${form}" that would be written: say which one the application reads, such as hash: '${likely[0]}' (it looks like ${likely.join(', ')}; docs/hashes.md).`
}

/** What stands in a password's column, in a word or two. */
export function describe(text: string | null): string {
  const column = readColumn(text)
  if (column.kind === 'none') return 'without a password'
  if (column.kind === 'hash') return column.format
  return `${column.format} (cannot be read, ${column.because}: these log in only after a reset)`
}

/** Counts over a table of accounts, in SQL: no row but a few samples of hashes comes here, and none of them is told. */
import { type FormName, forms, readColumn } from '../accounts/formats/index.ts'
import type { Mapped, Source } from './source.ts'

/** What the rows hold. */
export type Survey = {
  readonly accounts: number
  readonly missing: number
  /** Addresses that are no addresses: without a name, a sign @ or a place. */
  readonly odd: number
  /** With a capital A–Z. */
  readonly capitals: number
  readonly inactive: number
  /** Addresses that several accounts have, capitals apart, and those accounts; and how many are spelled in several ways. */
  readonly shared: { readonly addresses: number; readonly accounts: number; readonly spelled: number }
  /** How many passwords are of which format, the most first. */
  readonly formats: readonly { readonly name: string; readonly count: number }[]
  /** The form of the newest passwords that can be read, else of the most; null where none is. */
  readonly form: FormName | null
}

/** Groups of hashes that are looked at; what is past them is told as unknown. */
const mostKinds = 200
/** Rows by which the form of new passwords is told. */
const newest = 500

/** Counts. `preferred`: forms that are taken before others that look alike. */
export async function survey(
  source: Source,
  { rows, lastRows }: Mapped,
  preferred: readonly FormName[],
): Promise<Survey> {
  const sql = sqlOf(source.dialect)
  const [totals] = await source.all(`SELECT count(*) AS accounts, ${when(`email = ''`)} AS missing,
    ${when(`email <> '' AND email NOT LIKE '%_@_%'`)} AS odd, ${when(`${sql.email} <> ${sql.folded}`)} AS capitals,
    ${when('NOT active')} AS inactive FROM ${rows} AS one`)
  const [shared] = await source.all(`SELECT count(*) AS addresses, coalesce(sum(n), 0) AS accounts,
    ${when('a <> b')} AS spelled FROM (
      SELECT count(*) AS n, min(${sql.email}) AS a, max(${sql.email}) AS b FROM ${rows} AS one
      WHERE email <> '' GROUP BY ${sql.folded} HAVING count(*) > 1) AS two`)
  const kinds = await source.all(`SELECT ${sql.kind} AS kind, count(*) AS n, min(${sql.password}) AS sample
    FROM ${rows} AS one GROUP BY 1 ORDER BY 2 DESC LIMIT ${mostKinds}`)
  const last = await source.all(`SELECT "passwordHash" AS sample FROM (${lastRows} LIMIT ${newest}) AS one`)
  const number = (value: unknown): number => Number(value ?? 0)
  const accounts = number(totals?.accounts)
  const counted = kinds.map(({ kind, n, sample }) => ({
    kind: String(kind),
    count: number(n),
    sample: sample === null ? null : String(sample),
  }))
  return {
    accounts,
    missing: number(totals?.missing),
    odd: number(totals?.odd),
    capitals: number(totals?.capitals),
    inactive: number(totals?.inactive),
    shared: {
      addresses: number(shared?.addresses),
      accounts: number(shared?.accounts),
      spelled: number(shared?.spelled),
    },
    formats: formatsOf(counted, accounts),
    form:
      formOf(
        last
          .map(({ sample }) => sample)
          .filter((text) => text !== null)
          .map(String),
        preferred,
      ) ??
      formOf(
        counted.flatMap(({ sample }) => sample ?? []),
        preferred,
      ),
  }
}

type Counted = { readonly kind: string; readonly count: number; readonly sample: string | null }

function formatsOf(kinds: readonly Counted[], accounts: number): Survey['formats'] {
  const counts = new Map<string, number>()
  const add = (name: string, count: number): void => void counts.set(name, (counts.get(name) ?? 0) + count)
  for (const { kind, count, sample } of kinds) add(nameOf(kind, sample), count)
  const rest = accounts - kinds.reduce((sum, { count }) => sum + count, 0)
  if (rest > 0) add(unknown, rest)
  return [...counts].map(([name, count]) => ({ name, count })).sort((a, b) => b.count - a.count)
}

const unknown = 'of no known format'

/** What a group is called; of the hash itself nothing is said but what kind of bcrypt it is. */
function nameOf(kind: string, sample: string | null): string {
  const column = readColumn(sample)
  if (column.kind === 'none') return kind === '!' ? 'unusable ("!…")' : 'without a password'
  if (column.format === 'unknown') return unknown
  const mark = /^\$2[abxy]\$/.exec(sample ?? '')?.[0]
  const name = mark ? `${column.format} (${mark})` : column.format
  return column.kind === 'hash' ? name : `${name}, which cannot be read (${column.because})`
}

/** The form that the most of these hashes are in. */
export function formOf(texts: readonly string[], preferred: readonly FormName[]): FormName | null {
  const names = [...preferred, ...(Object.keys(forms) as FormName[])]
  const counts = new Map<FormName, number>()
  for (const text of texts) {
    const form = names.find((name) => forms[name].mark.test(text))
    if (form && readColumn(text).kind === 'hash') counts.set(form, (counts.get(form) ?? 0) + 1)
  }
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0] ?? null
}

/** How many rows it is true of; MySQL has no FILTER. */
const when = (condition: string): string => `count(CASE WHEN ${condition} THEN 1 END)`

/** Where the databases differ: names of functions, and the order of letters, which is fastest byte by byte. */
function sqlOf(dialect: Source['dialect']) {
  const [find, order] = {
    sqlite: ['instr', ''],
    postgres: ['strpos', ' COLLATE "C"'],
    mysql: ['instr', ' COLLATE utf8mb4_bin'],
  }[dialect] as [string, string]
  const [email, password] = [`(email${order})`, `("passwordHash"${order})`]
  const p = '"passwordHash"'
  // Up to where a salt could begin: "$2b$", "{bcrypt}", "pbkdf2_sha256$", "scrypt:32768:8:1$"; else the length.
  const kind = `CASE WHEN ${p} IS NULL OR ${p} = '' THEN '' WHEN substr(${p}, 1, 1) = '!' THEN '!'
    WHEN substr(${p}, 1, 1) = '$' THEN substr(${p}, 1, 1 + ${find}(substr(${p}, 2, 16), '$'))
    WHEN substr(${p}, 1, 1) = '{' THEN substr(${p}, 1, ${find}(substr(${p}, 1, 24), '}'))
    WHEN ${find}(substr(${p}, 1, 24), '$') > 0 THEN substr(${p}, 1, ${find}(substr(${p}, 1, 24), '$'))
    ELSE '#' || length(${p}) END${order}`
  return {
    email,
    password,
    folded: `lower(${email})`,
    kind: dialect === 'sqlite' ? kind : `(${kind.replace(order, '')})${order}`,
  }
}

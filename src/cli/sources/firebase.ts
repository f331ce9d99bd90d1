/**
 * Firebase's `auth:export`, JSON or CSV (which has no header), with what the console shows under "Password hash
 * parameters". https://firebase.google.com/docs/cli/auth,
 * https://github.com/firebase/firebase-tools/blob/master/src/accountExporter.ts
 */
import { csvRows } from './csv-rows.ts'
import { jsonRows } from './json-rows.ts'
import { type FirebaseHash, type Input, type Item, ignore, isObject, type Source } from './source.ts'

/** Firebase. */
export const firebase: Source = {
  title: "Firebase's auth:export",
  items: (input) => (/^\s*[[{]/.test(input.head) ? fromJson(input) : fromCsv(input)),
}

async function* fromJson({ chunks, head, ignored, firebaseHash }: Input): AsyncGenerator<Item> {
  for await (const row of jsonRows(chunks, head)) {
    if ('reason' in row) yield row
    else if (!isObject(row.value)) yield { number: row.number, fields: row.value }
    else {
      const { email, emailVerified, passwordHash, salt, disabled, ...rest } = row.value
      ignore(ignored, Object.keys(rest))
      yield { number: row.number, ...told({ email, emailVerified, passwordHash, salt, disabled }, firebaseHash) }
    }
  }
}

/** Columns, of which nobody reads the others. */
const column = { email: 1, emailVerified: 2, passwordHash: 3, salt: 4, disabled: 26 } as const

async function* fromCsv({ chunks, firebaseHash }: Input): AsyncGenerator<Item> {
  for await (const row of csvRows(chunks)) {
    const { number, to, cells } = row
    if (cells === null) yield { number, to, reason: row.reason }
    // Older versions of the command wrote no "disabled".
    else if (cells.length < column.disabled || !/^(true|false)$/.test(cells[column.emailVerified]!)) {
      yield { number, to, reason: 'it is not a line of auth:export' }
    } else {
      const user = {
        email: cells[column.email],
        emailVerified: cells[column.emailVerified] === 'true',
        passwordHash: cells[column.passwordHash],
        salt: cells[column.salt],
        disabled: cells[column.disabled] === 'true',
      }
      yield { number, to, ...told(user, firebaseHash) }
    }
  }
}

type User = Readonly<Record<'email' | 'emailVerified' | 'passwordHash' | 'salt' | 'disabled', unknown>>

function told(user: User, hash: FirebaseHash | null): { readonly fields: unknown } | { readonly reason: string } {
  const { email, emailVerified, passwordHash, salt, disabled } = user
  const fields = {
    email,
    email_verified: emailVerified,
    is_active: typeof disabled === 'boolean' ? !disabled : disabled,
  }
  if (passwordHash === undefined || passwordHash === '') return { fields }
  if (hash === null) return { reason: 'its password needs --firebase-hash-config FILE' }
  if (typeof passwordHash !== 'string' || typeof salt !== 'string') return { reason: 'passwordHash or salt is no text' }
  const { signerKey, saltSeparator, rounds, memoryCost } = hash
  const separator = saltSeparator === '' ? '' : `,ss=${plain(saltSeparator)}`
  const head = `$fbscrypt$v=1,n=${memoryCost},r=${rounds},p=1${separator},sk=${plain(signerKey)}`
  return { fields: { ...fields, password_hash: `${head}$${plain(salt)}$${plain(passwordHash)}` } }
}

/** The Admin SDK writes base64 for addresses of the web. */
const plain = (text: string): string => text.replaceAll('-', '+').replaceAll('_', '/')

/** Reads the console's `hash_config { … }`, or JSON with the same names; a sentence where something is missing. */
export function readHashConfig(text: string): FirebaseHash | string {
  const named = (name: string): string | undefined => new RegExp(`\\b${name}"?\\s*:\\s*"?([^\\s",}]+)`).exec(text)?.[1]
  const algorithm = named('algorithm') ?? 'SCRYPT'
  if (algorithm !== 'SCRYPT')
    return `its algorithm is ${algorithm.slice(0, 20)}; auth:export writes hashes of SCRYPT only`
  const parts = ['base64_signer_key', 'rounds', 'mem_cost'].map((name) => [name, named(name)] as const)
  const missing = parts.flatMap(([name, value]) => (value === undefined ? [name] : []))
  if (missing.length > 0) return `it has no ${missing.join(', no ')}`
  const [signerKey, rounds, memoryCost] = parts.map(([, value]) => value!)
  if (!/^\d\d?$/.test(rounds!) || !/^\d\d?$/.test(memoryCost!)) return 'rounds and mem_cost must be small numbers'
  return {
    signerKey: signerKey!,
    saltSeparator: named('base64_salt_separator') ?? '',
    rounds: rounds!,
    memoryCost: memoryCost!,
  }
}

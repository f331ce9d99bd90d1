/**
 * Auth0: the export of password hashes that its support makes (`passwordHash`), the export of users (no hashes), both JSON
 * lines, and the array of its import (`password_hash`, `custom_password_hash`).
 * https://support.auth0.com/center/s/article/How-to-Use-the-Password-Hashes-Export-from-Auth0
 * https://auth0.com/docs/manage-users/user-migration/bulk-user-import-schema
 */
import { toBase64 } from '../../accounts/formats/text.ts'
import { jsonRows } from './json-rows.ts'
import { type Item, ignore, isObject, type Source } from './source.ts'

/** Auth0. */
export const auth0: Source = {
  title: "Auth0's export",
  async *items({ chunks, head, ignored }): AsyncGenerator<Item> {
    for await (const row of jsonRows(chunks, head)) {
      if ('reason' in row) yield row
      else yield { number: row.number, ...ofUser(row.value, ignored) }
    }
  },
}

type Told = { readonly fields: unknown } | { readonly reason: string }
type Values = Readonly<Record<string, unknown>>

function ofUser(user: unknown, ignored: Set<string>): Told {
  if (!isObject(user)) return { fields: user }
  const { email, emailVerified, email_verified = emailVerified, username, blocked, ...more } = user
  const { passwordHash, password_hash = passwordHash, custom_password_hash: custom, identifiers, ...rest } = more
  ignore(ignored, Object.keys(rest))
  const hash = custom === undefined || custom === null ? { hash: password_hash } : customHash(custom)
  if ('reason' in hash) return hash
  const address = identifier(identifiers, 'email')
  const fields = {
    email: email ?? address?.value,
    email_verified: email_verified ?? address?.verified,
    username: username ?? identifier(identifiers, 'username')?.value,
    is_active: typeof blocked === 'boolean' ? !blocked : blocked,
    password_hash: hash.hash,
  }
  return { fields }
}

/** Of some accounts the address stands nowhere else. */
const identifier = (list: unknown, type: string): Values | undefined =>
  Array.isArray(list) ? list.find((one) => isObject(one) && one.type === type) : undefined

/** bcrypt, Argon2 and PBKDF2 are written as they are kept; scrypt in parts. What is not stretched is not read. */
function customHash(custom: unknown): { readonly hash: unknown } | { readonly reason: string } {
  if (!isObject(custom)) return { reason: 'custom_password_hash is not an object' }
  const { algorithm, hash } = custom
  const value = isObject(hash) ? hash.value : hash
  if (algorithm === 'scrypt') return scryptHash(custom)
  if (algorithm === 'bcrypt' || algorithm === 'argon2' || algorithm === 'pbkdf2') return { hash: value }
  const name = typeof algorithm === 'string' ? algorithm.slice(0, 20) : 'nothing'
  return { reason: `custom_password_hash cannot be read: ${name} is no function for passwords that is read here` }
}

function scryptHash({ hash, salt, cost = 16_384, blockSize: r = 8, parallelization: p = 1 }: Values): {
  readonly hash: string
} {
  const [key, salted] = [bytesOf(hash), bytesOf(salt)]
  return { hash: `$scrypt$ln=${Math.log2(Number(cost))},r=${r},p=${p}$${toBase64(salted)}$${toBase64(key)}` }
}

function bytesOf(part: unknown): Uint8Array {
  const { value, encoding } = isObject(part) ? part : {}
  const known = ['hex', 'base64', 'utf8'] as const
  return Buffer.from(typeof value === 'string' ? value : '', known.find((one) => one === encoding) ?? 'utf8')
}

/** What may become an account: one reading for `accounts add` and each line of `accounts import`. */
import { readColumn } from '../accounts/formats/index.ts'
import { findable, tidyAddress } from '../accounts/tidy.ts'

/** A row before its password is hashed. `password` is in NFC, as Latchkey's own table keeps it. */
export type Row = {
  readonly email: string
  readonly username: string | null
  readonly verified: boolean
  readonly active: boolean
  readonly password: string | null
  readonly passwordHash: string | null
}

/** A row, or the sentence that says why it is none. */
export type RowOrReason = { readonly row: Row } | { readonly reason: string }

const longestPassword = 256
const longestName = 150

const known = ['email', 'username', 'password', 'password_hash', 'email_verified', 'is_active']

/** Fields that nobody reads. */
export const unknownFields = (fields: object): string[] => Object.keys(fields).filter((name) => !known.includes(name))

/** Reads `{"email","username","password" or "password_hash","email_verified","is_active"}`. */
export function readRow(fields: unknown): RowOrReason {
  if (typeof fields !== 'object' || fields === null || Array.isArray(fields))
    return { reason: 'it is not a JSON object' }
  const {
    email,
    username,
    password,
    password_hash: hash,
    email_verified: verified,
    is_active: active,
  } = fields as Record<string, unknown>
  const reason =
    refuseEmail(email) ??
    refuseName(username) ??
    refusePassword(password) ??
    refuseHash(hash) ??
    refuseTruth('email_verified', verified) ??
    refuseTruth('is_active', active)
  if (reason) return { reason }
  if (isGiven(password) && isGiven(hash)) return { reason: 'it has both password and password_hash' }
  const row: Row = {
    email: findable((email as string).trim()),
    username: (username as string | null | undefined)?.trim() || null,
    verified: (verified as boolean | null | undefined) ?? false,
    active: (active as boolean | null | undefined) ?? true,
    password: isGiven(password) ? (password as string).normalize('NFC') : null,
    passwordHash: isGiven(hash) ? (hash as string) : null,
  }
  return { row }
}

const isGiven = (value: unknown): boolean => value !== undefined && value !== null

function refuseEmail(email: unknown): string | null {
  if (!isGiven(email) || email === '') return 'email is missing'
  return typeof email === 'string' && tidyAddress(email) !== null ? null : 'email is not one plain address'
}

function refuseName(name: unknown): string | null {
  if (!isGiven(name)) return null
  if (typeof name !== 'string') return 'username is not a text'
  if ([...name].length > longestName) return `username has more than ${longestName} characters`
  return name.isWellFormed() && !/\p{Cc}/u.test(name) ? null : 'username holds control characters'
}

function refusePassword(password: unknown): string | null {
  if (!isGiven(password)) return null
  if (typeof password !== 'string') return 'password is not a text'
  if (password === '') return 'password is empty'
  if ([...password].length > longestPassword) return `password has more than ${longestPassword} characters`
  return password.isWellFormed() && !/\p{Cc}/u.test(password) ? null : 'password holds control characters'
}

/** Any form that a log-in can read; a hash that costs minutes would be a way to stop the server. */
function refuseHash(hash: unknown): string | null {
  if (!isGiven(hash)) return null
  if (typeof hash !== 'string') return 'password_hash is not a text'
  const column = readColumn(hash)
  if (column.kind === 'none') return 'password_hash is one that no password matches; leave it out'
  return column.kind === 'hash' ? null : `password_hash cannot be read: ${column.format}, ${column.because}`
}

function refuseTruth(name: string, value: unknown): string | null {
  return !isGiven(value) || typeof value === 'boolean' ? null : `${name} is neither true nor false`
}

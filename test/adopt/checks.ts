/** The checks of applications' own log-ins, each written here a second time from its documentation, and hashes that their libraries made. */
import assert from 'node:assert/strict'
import { pbkdf2Sync, scryptSync, timingSafeEqual } from 'node:crypto'
import { verifySync as argon2 } from '@node-rs/argon2'
import { verifySync as bcryptOf } from '@node-rs/bcrypt'
import { fixtures } from '../fixtures/hashes/read.ts'
import { fresh, known, opened, type Place, reset, written } from './kit.ts'

/** A hash of `known` that this library made. */
export function made(mark: RegExp): string {
  const found = fixtures
    .filter(({ pepper }) => pepper === undefined)
    .flatMap(({ rows }) => rows)
    .find(({ password, hash }) => password === known && mark.test(hash))
  assert.ok(found, `there is a fixture of ${mark}`)
  return found.hash
}

/** What the application's own log-in does with a stored hash. */
export type Check = (hash: string, password: string) => boolean

/** django.contrib.auth.hashers: PBKDF2PasswordHasher and Argon2PasswordHasher. */
export const django: Check = (hash, password) => {
  const [algorithm, iterations, salt, key] = hash.split('$') as [string, string, string, string]
  if (algorithm === 'argon2') return argon2(hash.slice('argon2'.length), password)
  assert.equal(algorithm, 'pbkdf2_sha256')
  return pbkdf2Sync(password, salt, Number(iterations), 32, 'sha256').toString('base64') === key
}

/** better-auth: `salt:key`, scrypt of N 16384, r 16, p 1 over the salt's text. */
export const betterAuth: Check = (hash, password) => {
  const [salt, key] = hash.split(':') as [string, string]
  const options = { N: 16384, r: 16, p: 1, maxmem: 2 ** 27 }
  return scryptSync(password.normalize('NFKC'), salt, 64, options).toString('hex') === key
}

/** Identity's PasswordHasher, version 3: marker, PRF, iterations, salt's length, salt, key. */
export const aspnet: Check = (hash, password) => {
  const bytes = Buffer.from(hash, 'base64')
  const [prf, iterations, length] = [1, 5, 9].map((at) => bytes.readUInt32BE(at)) as [number, number, number]
  const salt = bytes.subarray(13, 13 + length)
  const key = bytes.subarray(13 + length)
  const digest = ['sha1', 'sha256', 'sha512'][prf]!
  return bytes[0] === 1 && timingSafeEqual(pbkdf2Sync(password, salt, iterations, key.length, digest), key)
}

/** Resets it, and asks the application what it thinks of both passwords. */
export async function resets(
  place: Place,
  address: string,
  stored: string,
  hashOf: string,
  check: Check,
): Promise<void> {
  const hash = async (): Promise<string> => String((await place.rows(hashOf))[0]!.hash)
  assert.equal(check(await hash(), known), true, 'the application takes the old password before')
  const recovery = await opened(place, await written(place))
  try {
    assert.equal(await reset(recovery, address), stored, 'the link goes to the address as it is stored')
  } finally {
    await recovery.close()
  }
  assert.equal(check(await hash(), fresh), true, 'the application takes the new password')
  assert.equal(check(await hash(), known), false, 'and not the old one')
}

/** bcrypt, under the mark that the application knows. */
export const bcrypt =
  (mark: string): Check =>
  (hash, password) =>
    hash.startsWith(mark) && hash.length === 60 && bcryptOf(password, hash)

/** As Identity writes it, after its source: HMAC-SHA-512, 100,000 rounds. */
export function aspnetHash(password: string): string {
  const salt = Buffer.alloc(16, 7)
  const head = Buffer.alloc(13)
  head[0] = 1
  head.writeUInt32BE(2, 1)
  head.writeUInt32BE(100_000, 5)
  head.writeUInt32BE(16, 9)
  return Buffer.concat([head, salt, pbkdf2Sync(password, salt, 100_000, 32, 'sha512')]).toString('base64')
}

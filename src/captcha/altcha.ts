/**
 * ALTCHA, the proof of work: the visitor's browser looks for a number, and nobody else is asked. The format is that of
 * ALTCHA's second protocol (https://altcha.org/docs/v2/), so that its own widget solves ours too.
 */
import { createHash } from 'node:crypto'
import type { Form } from '../engine/captcha.ts'
import { type Keyring, type Keys, mac, same } from '../engine/keys.ts'
import type { Random } from '../engine/ports.ts'

/** What a number is looked for in. */
export type AltchaChallenge = {
  readonly parameters: {
    readonly algorithm: 'SHA-256'
    readonly cost: 1
    readonly data: Place
    /** Seconds since 1970. */
    readonly expiresAt: number
    readonly keyLength: 32
    readonly keyPrefix: string
    readonly nonce: string
    readonly salt: string
  }
  readonly signature: string
}

/** What a challenge is good for. `instead`: the provider that did not answer, in whose place it stands; else empty. */
export type Place = { readonly form: Form; readonly host: string; readonly instead: string }

/** How long a challenge may be worked on, in milliseconds. */
export const altchaLife = 120_000

/** Numbers are looked for in this range: about half a second on a phone of some years. */
const range = { least: 10_000, most: 100_000 }

/** A new challenge. Kept nowhere: it is signed, and spent when it comes back solved. */
export function altchaChallenge(keys: Keys, random: Random, at: number, place: Place): AltchaChallenge {
  const hex = (count: number): string => Buffer.from(random.bytes(count)).toString('hex')
  const { form, host, instead } = place
  const [nonce, salt] = [hex(16), hex(16)]
  const number = range.least + (Buffer.from(random.bytes(4)).readUInt32BE() % (range.most - range.least))
  const parameters = {
    algorithm: 'SHA-256',
    cost: 1,
    data: { form, host, instead },
    expiresAt: Math.floor((at + altchaLife) / 1000),
    keyLength: 32,
    // Half of the key, so that the number can be found by nothing but trying.
    keyPrefix: keyOf(salt, nonce, number).slice(0, 32),
    nonce,
    salt,
  } as const
  return { parameters, signature: signatureOf(keys, parameters) }
}

/** A solved challenge, by its signature, or why it is none. Looks at nothing but the answer: whether it is spent is not known here. */
export function judgeAltcha(
  keyring: Keyring,
  answer: string,
  at: number,
  place: Place,
): { readonly ok: true; readonly id: string } | { readonly ok: false; readonly because: string } {
  const bad = (because: string) => ({ ok: false, because }) as const
  const read = readAltcha(answer)
  if (!read) return bad('not readable')
  const { parameters, signature, number } = read
  if (!keyring.all.some((keys) => same(signatureOf(keys, parameters), signature))) return bad('not genuine')
  const { form, host, instead } = parameters.data
  if (form !== place.form) return bad('another form')
  if (host !== place.host || instead !== place.instead) return bad('another host or provider')
  if (parameters.expiresAt * 1000 <= at) return bad('expired')
  const key = keyOf(parameters.salt, parameters.nonce, number)
  return key.startsWith(parameters.keyPrefix) ? { ok: true, id: signature } : bad('not solved')
}

/** SHA-256 over salt, nonce and the number in four bytes, as ALTCHA derives it. */
function keyOf(salt: string, nonce: string, number: number): string {
  const four = Buffer.alloc(4)
  four.writeUInt32BE(number)
  return createHash('sha256')
    .update(Buffer.from(salt + nonce, 'hex'))
    .update(four)
    .digest('hex')
}

function signatureOf(
  keys: Keys,
  { algorithm, cost, data, expiresAt, keyLength, keyPrefix, nonce, salt }: Parameters,
): string {
  const numbers = [cost, expiresAt, keyLength].map(String)
  return mac(keys, 'captcha', [
    'altcha',
    algorithm,
    ...numbers,
    keyPrefix,
    nonce,
    salt,
    data.form,
    data.host,
    data.instead,
  ])
}

type Parameters = AltchaChallenge['parameters']
type Solved = { readonly parameters: Parameters; readonly signature: string; readonly number: number }

/** Base64 of `{ challenge, solution }`; null for whatever else. What is in it is as the visitor wrote it. */
export function readAltcha(answer: string): Solved | null {
  try {
    const { challenge, solution } = JSON.parse(Buffer.from(answer, 'base64').toString('utf8'))
    const { parameters, signature } = challenge
    const { algorithm, cost, data, expiresAt, keyLength, keyPrefix, nonce, salt } = parameters
    const texts = [algorithm, keyPrefix, nonce, salt, signature, data.form, data.host, data.instead]
    const number: unknown = solution.counter
    const isSound =
      texts.every((one) => typeof one === 'string' && one.length <= 300) &&
      [cost, expiresAt, keyLength].every((one) => Number.isInteger(one)) &&
      Number.isInteger(number) &&
      (number as number) >= 0 &&
      (number as number) <= range.most
    return isSound ? { parameters, signature, number: number as number } : null
  } catch {
    return null
  }
}

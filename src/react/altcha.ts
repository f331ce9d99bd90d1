/** Solves ALTCHA's proof of work in the browser: tries numbers until one fits. No dependency, no worker, no request. */
import type { AltchaChallenge } from '../http/wire.ts'

/** Hashes on the way at once: the browser does them beside the page, which stays awake. */
const atOnce = 256

const fromHex = (hex: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))

const toHex = (bytes: ArrayBuffer): string =>
  Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, '0')).join('')

/**
 * The answer to a challenge, for the member `captcha` of a request. Half a second of work, some seconds on an old phone.
 * @throws Error where the browser has no Web Crypto (a page that is not https), when `signal` is aborted, and when no
 * number fits.
 */
export async function solveAltcha(challenge: AltchaChallenge, signal?: AbortSignal): Promise<string> {
  const { subtle } = globalThis.crypto ?? {}
  if (!subtle) throw new Error('This page has no Web Crypto: it is not https.')
  const { salt, nonce, keyPrefix } = challenge.parameters
  const start = fromHex(salt + nonce)
  const derive = async (number: number): Promise<string> => {
    const bytes = new Uint8Array(start.length + 4)
    bytes.set(start)
    new DataView(bytes.buffer).setUint32(start.length, number)
    return toHex(await subtle.digest('SHA-256', bytes))
  }
  for (let from = 0; from < 1_000_000; from += atOnce) {
    if (signal?.aborted) throw new Error('The solving was given up.')
    const keys = await Promise.all(Array.from({ length: atOnce }, (_, at) => derive(from + at)))
    const at = keys.findIndex((key) => key.startsWith(keyPrefix))
    if (at < 0) continue
    const solution = { counter: from + at, derivedKey: keys[at], time: 0 }
    return btoa(JSON.stringify({ challenge, solution }))
  }
  throw new Error('No number fits the challenge.')
}

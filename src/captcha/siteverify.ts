/**
 * Asks a provider what an answer is worth: one POST, time-boxed, without redirects, of which a few kilobytes are read.
 * Nothing is sent of the visitor but the answer itself.
 */
import type { Remote, Said } from './provider.ts'

/** What came of asking: what the provider said, or why it said nothing that can be used. */
export type Verified =
  | { readonly kind: 'said'; readonly said: Said }
  | { readonly kind: 'unavailable'; readonly because: string }

/** The longest answer of a provider that is read, in bytes. A good one has some hundred. */
const longest = 16_384

/** Error codes by which a provider tells of itself, or of our own keys, and not of the answer. */
const notOfTheAnswer = new Set([
  'missing-input-secret',
  'invalid-input-secret',
  'invalid-keys',
  'sitekey-secret-mismatch',
  'not-using-dummy-secret',
  'internal-error',
])

/** One verification. `timeout`: milliseconds, the reading included. Never throws. */
export async function siteverify(
  remote: Remote,
  keys: { readonly secret: string; readonly siteKey: string },
  answer: string,
  { endpoint, timeout }: { readonly endpoint: string; readonly timeout: number },
): Promise<Verified> {
  const unavailable = (because: string): Verified => ({ kind: 'unavailable', because })
  const body = new URLSearchParams({ secret: keys.secret, response: answer, ...remote.extra?.(keys.siteKey) })
  const stop = new AbortController()
  const timer = setTimeout(() => stop.abort(), timeout)
  try {
    const headers = { Accept: 'application/json' }
    const response = await fetch(endpoint, { method: 'POST', body, headers, redirect: 'error', signal: stop.signal })
    // Whether it is good stands in the body alone: a status says nothing of the answer.
    const said = parse(await read(response))
    if (said === null) return unavailable(`no answer that can be read, status ${response.status}`)
    const codes = Array.isArray(said['error-codes']) ? said['error-codes'].map(String) : []
    const ours = said.success === true ? undefined : codes.find((code) => notOfTheAnswer.has(code))
    return ours ? unavailable(ours) : { kind: 'said', said }
  } catch (error) {
    return unavailable(
      stop.signal.aborted ? 'no answer in time' : String((error as Error).cause ?? error).slice(0, 200),
    )
  } finally {
    clearTimeout(timer)
    // What was not read is not waited for.
    stop.abort()
  }
}

async function read(response: Response): Promise<string | null> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body ?? []) {
    size += chunk.length
    if (size > longest) return null
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** An object that says whether it was a success; null for anything else. */
function parse(text: string | null): Said | null {
  try {
    const value: unknown = JSON.parse(text ?? '')
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
    return isObject && typeof (value as Said).success === 'boolean' ? (value as Said) : null
  } catch {
    return null
  }
}

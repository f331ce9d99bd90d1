/**
 * Passwords that were in a breach, asked of a list elsewhere by the first five digits of their SHA-1: the list learns which
 * of a million drawers was opened, never the password nor whose it is. A list that is away stops nobody.
 */
import { createHash } from 'node:crypto'

/** Where the list is. */
export type BreachedOptions = {
  /** Asked as `<url><five hex digits>`, answers lines of `<35 hex digits>:<times>`: the range API of Pwned Passwords, or a copy. */
  readonly url: string
  /** Longest wait in milliseconds, the reading included. Default: 2,000. */
  readonly timeout?: number
}

type Log = (level: 'warn', message: string, fields: Record<string, unknown>) => void

/** The longest answer that is read, in bytes. A good one has forty thousand, padded some more. */
const longest = 1_000_000

/** After a failure the list is left alone for so long, in milliseconds: an outage must not cost each change its wait. */
const rest = 30_000

/** Whether a password is on the list; false where the list says nothing, which is logged. Never throws. */
export function breached(
  { url, timeout = 2_000 }: BreachedOptions,
  clock: { now(): number },
  log: Log,
): (password: string) => Promise<boolean> {
  let askAgainAt = 0
  return async (password) => {
    const digest = createHash('sha1').update(password).digest('hex').toUpperCase()
    // A clock that stepped back does not make the rest longer.
    if (clock.now() < askAgainAt && clock.now() >= askAgainAt - rest) return false
    try {
      const lines = await rangeOf(`${url}${digest.slice(0, 5)}`, timeout)
      return lines.some((line) => {
        const [suffix, times] = line.split(':')
        // Padding has the count 0.
        return suffix?.toUpperCase() === digest.slice(5) && Number(times) > 0
      })
    } catch (error) {
      askAgainAt = clock.now() + rest
      const because = String((error as Error).cause ?? error).slice(0, 200)
      log('warn', 'the list of breached passwords did not answer; passwords are set without it', { because })
      return false
    }
  }
}

async function rangeOf(url: string, timeout: number): Promise<string[]> {
  const stop = new AbortController()
  const timer = setTimeout(() => stop.abort(new Error('no answer in time')), timeout)
  try {
    // Padded, so that the answer's length does not tell which drawer it was.
    const headers = { 'Add-Padding': 'true', Accept: 'text/plain' }
    const response = await fetch(url, { headers, redirect: 'error', signal: stop.signal })
    if (response.status !== 200) throw new Error(`status ${response.status}`)
    const chunks: Uint8Array[] = []
    let size = 0
    for await (const chunk of response.body ?? []) {
      size += chunk.length
      if (size > longest) throw new Error('an answer that is too long')
      chunks.push(chunk)
    }
    const lines = Buffer.concat(chunks).toString('latin1').trim().split(/\r?\n/)
    if (!lines.every((line) => /^[0-9A-F]{35}:\d{1,12}$/i.test(line))) throw new Error('an answer that cannot be read')
    return lines
  } finally {
    clearTimeout(timer)
    stop.abort()
  }
}

/** One call over the wire, and its answer as a value: a time-out on it, and nothing thrown. */
import type { Problem } from '../http/wire.ts'

/** What a verb answers: its members beside `ok`, or a problem document. */
export type Answer<T> = ({ readonly ok: true } & T) | { readonly ok: false; readonly problem: Problem }

/** One request. A `body` makes it a POST of JSON. */
export type Call = {
  readonly url: string
  readonly body?: unknown
  /** Members that a good answer has, each with its `typeof`; without them it is somebody else's page. */
  readonly has: Readonly<Record<string, 'string' | 'number'>>
  /** Milliseconds until the call is given up, the reading of its answer included. */
  readonly timeout: number
  /** Gives the call up earlier. */
  readonly signal?: AbortSignal
}

/** Sends one call. It never rejects: a network that fails is a problem with the code `unavailable` and the status 0. */
export async function exchange<T>(send: typeof fetch, call: Call): Promise<Answer<T>> {
  const stop = new AbortController()
  const giveUp = (): void => stop.abort()
  // Not AbortSignal.any and .timeout: browsers of 2023 have no `any`, and a timer that is left over keeps Node awake.
  const timer = setTimeout(giveUp, call.timeout)
  call.signal?.addEventListener('abort', giveUp, { once: true })
  if (call.signal?.aborted) giveUp()
  try {
    const response = await send(call.url, { ...dress(call.body), signal: stop.signal })
    return read<T>(response, parse(await response.text()), call.has)
  } catch {
    return { ok: false, problem: unavailable(0) }
  } finally {
    clearTimeout(timer)
    call.signal?.removeEventListener('abort', giveUp)
  }
}

function dress(body: unknown): RequestInit {
  const accept = 'application/json, application/problem+json'
  const common: RequestInit = {
    credentials: 'omit',
    cache: 'no-store',
    referrerPolicy: 'no-referrer',
    // A redirect would carry the token in the body to wherever it points.
    redirect: 'error',
  }
  if (body === undefined) return { ...common, headers: { accept } }
  return {
    ...common,
    method: 'POST',
    headers: { accept, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  }
}

function read<T>(response: Response, said: Record<string, unknown>, has: Call['has']): Answer<T> {
  if (!response.ok) return { ok: false, problem: problemOf(response, said) }
  const isOurs = Object.entries(has).every(([name, type]) => typeof said[name] === type)
  return isOurs ? { ...(said as T), ok: true } : { ok: false, problem: unavailable(response.status) }
}

/** A problem document as it came, its gaps filled: a proxy in between answers with pages of its own. */
function problemOf(response: Response, said: Record<string, unknown>): Problem {
  const text = (name: string): string | null => (typeof said[name] === 'string' ? said[name] : null)
  const code = (text('code') as Problem['code'] | null) ?? codeOf(response.status)
  const error = text('error') ?? (code === 'unavailable' ? unavailable(0).error : (text('title') ?? sentences[code]))
  const seconds = typeof said.retry_after === 'number' ? said.retry_after : secondsIn(response)
  const unmet = Array.isArray(said.unmet) ? said.unmet.filter(isUnmet) : []
  return {
    type: text('type') ?? 'about:blank',
    title: text('title') ?? (error || 'Error'),
    status: response.status,
    error: error || `The server answered with the status ${response.status}.`,
    code,
    ...(text('detail') === null ? {} : { detail: text('detail') as string }),
    ...(unmet.length > 0 ? { unmet } : {}),
    ...(seconds === null ? {} : { retry_after: seconds }),
    ...(isCaptcha(said.captcha) ? { captcha: said.captcha } : {}),
  }
}

const sentences: Partial<Record<Problem['code'], string>> = {
  'too-many-attempts': 'Too many attempts',
  'not-found': 'Not found',
  forbidden: 'This request was refused.',
}

function codeOf(status: number): Problem['code'] {
  if (status >= 500) return 'unavailable'
  const codes: Record<number, Problem['code']> = {
    403: 'forbidden',
    404: 'not-found',
    405: 'method-not-allowed',
    413: 'too-large',
    415: 'unsupported-type',
    421: 'misdirected',
    422: 'password-refused',
    429: 'too-many-attempts',
  }
  return codes[status] ?? 'bad-request'
}

/** The problem that is made up here when no answer of ours came: `status` is 0, or that of a stranger's answer. */
export const unavailable = (status: number): Problem => ({
  type: 'about:blank',
  title: 'Unavailable',
  status,
  error: 'The server cannot be reached. Check your connection and try again.',
  code: 'unavailable',
})

function secondsIn(response: Response): number | null {
  const header = response.headers.get('retry-after') ?? ''
  return /^\d{1,7}$/.test(header) ? Number(header) : null
}

const isUnmet = (entry: unknown): entry is NonNullable<Problem['unmet']>[number] =>
  typeof entry === 'object' &&
  entry !== null &&
  typeof (entry as { code?: unknown }).code === 'string' &&
  typeof (entry as { message?: unknown }).message === 'string'

const isCaptcha = (asked: unknown): asked is NonNullable<Problem['captcha']> => {
  if (typeof asked !== 'object' || asked === null) return false
  const { form, provider, site_key: siteKey } = asked as Record<string, unknown>
  return [form, provider, siteKey].every((one) => typeof one === 'string')
}

function parse(text: string): Record<string, unknown> {
  try {
    const said: unknown = JSON.parse(text)
    return typeof said === 'object' && said !== null ? (said as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}

/**
 * Webhooks as Standard Webhooks 1.0 has them: a POST of JSON with `webhook-id`, `webhook-timestamp` and `webhook-signature`,
 * whose receiver checks the signature, refuses old timestamps, and knows a repeated id for one.
 */
import { createHmac } from 'node:crypto'
import type { Listener } from './follower.ts'
import { isTold, type Told, type ToldName, toldNames } from './told.ts'

/** Where events are posted. */
export type WebhookOptions = {
  readonly url: string
  /** `whsec_` and 24 to 64 bytes in base64; several while one is replaced by another: each signs. */
  readonly secret: string | readonly string[]
  /** Default: `password.changed` alone. */
  readonly events?: readonly ToldName[]
}

/** Whether it is told of a change of password. */
export const tellsOfChanges = ({ events }: WebhookOptions): boolean => events?.includes('password.changed') ?? true

const keyOf = (secret: string): Buffer => Buffer.from(secret.replace(/^whsec_/, ''), 'base64')
const secretsOf = ({ secret }: WebhookOptions): readonly string[] => (typeof secret === 'string' ? [secret] : secret)

/** Why a webhook cannot be used; null where it can. Quotes neither secret nor address. */
export function refuseWebhook(options: WebhookOptions): string | null {
  const url = URL.canParse(options.url) ? new URL(options.url) : null
  const isLocal = url !== null && ['127.0.0.1', 'localhost', '[::1]'].includes(url.hostname)
  if (url?.protocol !== 'https:' && !(isLocal && url?.protocol === 'http:')) {
    return 'webhooks: an address must be https://…; http is for this machine alone.'
  }
  const isSecret = (text: string): boolean =>
    /^whsec_[A-Za-z0-9+/]+={0,2}$/.test(text) && keyOf(text).length >= 24 && keyOf(text).length <= 64
  const secrets = secretsOf(options)
  if (secrets.length === 0 || !secrets.every(isSecret)) {
    return 'webhooks: a secret is "whsec_" and 24 to 64 random bytes in base64, such as "whsec_$(openssl rand -base64 32)".'
  }
  const unknown = options.events?.find((name) => !isTold(name))
  return unknown === undefined
    ? null
    : `webhooks: there is no event "${unknown}"; there are ${Object.keys(toldNames).join(', ')}.`
}

/** What is posted. */
export const bodyOf = ({ type, at, id, flow, accountId }: Told): string =>
  JSON.stringify({ type, timestamp: new Date(at).toISOString(), data: { id, flow, account_id: accountId } })

/** The header `webhook-signature`: one signature for each secret. `seconds`: the timestamp. */
export const signatureOf = (secrets: readonly string[], id: string, seconds: number, body: string): string =>
  secrets
    .map((secret) => `v1,${createHmac('sha256', keyOf(secret)).update(`${id}.${seconds}.${body}`).digest('base64')}`)
    .join(' ')

/** Posts; whatever is not answered with 2xx is told again. */
export function webhook(options: WebhookOptions, clock: { now(): number }): Listener {
  const { origin, pathname } = new URL(options.url)
  return {
    name: `${origin}${pathname}`.slice(0, 200),
    types: options.events ?? ['password.changed'],
    async tell(told, signal) {
      const body = bodyOf(told)
      const seconds = Math.floor(clock.now() / 1000)
      const headers = {
        'Content-Type': 'application/json',
        'User-Agent': 'Latchkey',
        'webhook-id': told.id,
        'webhook-timestamp': String(seconds),
        'webhook-signature': signatureOf(secretsOf(options), told.id, seconds, body),
      }
      const response = await fetch(options.url, { method: 'POST', body, headers, redirect: 'error', signal }).catch(
        (error) => Promise.reject(new Error(String((error as Error).cause ?? error))),
      )
      // What it says is not read: its status is the answer.
      await response.body?.cancel()
      if (!response.ok) throw new Error(`answered ${response.status}`)
    },
  }
}

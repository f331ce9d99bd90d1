/** What stories of captchas share: setting one up, solving ALTCHA, and a server that speaks the providers' protocol. */
import assert from 'node:assert/strict'
import { hash, randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import type { CaptchaOptions } from '../../src/captcha/index.ts'
import { setCaptcha, type WantedCaptcha } from '../../src/captcha/set.ts'
import type { Form } from '../../src/engine/captcha.ts'
import type { AltchaChallenge } from '../../src/http/wire.ts'
import type { TestBrowser, TestRecovery } from '../../src/testing/index.ts'

export const altcha = { provider: 'altcha', siteKey: '', secret: '' } as const

/** Sets one up and lets the second pass after which every process has read it. */
export async function setUp(recovery: TestRecovery, form: Form, wanted: WantedCaptcha | null): Promise<void> {
  assert.equal(await setCaptcha(recovery.kit, form, wanted), true)
  recovery.clock.turn({ seconds: 1 })
}

/** The challenge that a form's page would fetch. */
export async function challengeFor(browser: TestBrowser, form: Form): Promise<AltchaChallenge> {
  const page = await browser.look(`/api/captcha/${form}/`)
  assert.equal(page.status, 200)
  return JSON.parse(page.text)
}

/** Solves a challenge as ALTCHA's documentation describes it, without any code of ours. */
export function solve(challenge: AltchaChallenge): string {
  const { salt, nonce, keyPrefix } = challenge.parameters
  const start = Buffer.from(salt + nonce, 'hex')
  const hashed = Buffer.concat([start, Buffer.alloc(4)])
  for (let counter = 0; ; counter++) {
    hashed.writeUInt32BE(counter, start.length)
    const derivedKey = hash('sha256', hashed, 'hex')
    if (!derivedKey.startsWith(keyPrefix)) continue
    return Buffer.from(JSON.stringify({ challenge, solution: { counter, derivedKey, time: 1 } })).toString('base64')
  }
}

export const solvedFor = async (browser: TestBrowser, form: Form): Promise<string> =>
  solve(await challengeFor(browser, form))

/** What a provider's own browser script would have been told. */
export type Answered = { readonly hostname?: string; readonly action?: string; readonly score?: number }

/** How it misbehaves. `kind`: the JSON is right, whatever the status. */
export type Mood =
  | 'well'
  | 'status 500'
  | 'status 500, kind'
  | 'hangs'
  | 'drips'
  | 'garbage'
  | 'no verdict'
  | 'huge'
  | 'redirects'

export type Provider = {
  /** Where each provider is verified, for the option `captcha`. */
  readonly options: CaptchaOptions
  /** An answer as the browser would have got it; good once. */
  give(about?: Answered): string
  mood: Mood
  /** Whether it takes an answer again and again, as none should. */
  forgiving: boolean
  /** Bodies of the verifications so far. */
  readonly asked: URLSearchParams[]
  close(): Promise<void>
}

export const siteKey = 'site-key-of-a-test'
export const secret = 'secret-of-a-test'

/** A server on this machine that answers verifications as the providers document it. */
export async function openProvider(): Promise<Provider> {
  const answers = new Map<string, Answered>()
  const asked: URLSearchParams[] = []
  const server = createServer((request, response) => void answer(request, response).catch(() => response.destroy()))
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const provider: Provider = {
    options: {
      endpoints: Object.fromEntries(
        ['recaptcha-v2', 'recaptcha-v3', 'hcaptcha', 'turnstile'].map((name) => [name, `${origin}/${name}`]),
      ),
      timeout: 400,
    },
    give(about = {}) {
      const token = `answer-${randomUUID()}`
      answers.set(token, about)
      return token
    },
    mood: 'well',
    forgiving: false,
    asked,
    async close() {
      server.closeAllConnections()
      await new Promise((done) => server.close(done))
    },
  }
  return provider

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    assert.equal(request.method, 'POST')
    assert.match(request.headers['content-type'] ?? '', /^application\/x-www-form-urlencoded/)
    const body = new URLSearchParams(await text(request))
    asked.push(body)
    const said = JSON.stringify(verdict(body))
    const json = { 'content-type': 'application/json' }
    switch (provider.mood) {
      case 'well':
        return void response.writeHead(200, json).end(said)
      case 'status 500':
        return void response.writeHead(500).end('<h1>Internal Server Error</h1>')
      case 'status 500, kind':
        return void response.writeHead(500, json).end(said)
      case 'hangs':
        return
      case 'drips':
        return void response.writeHead(200, json).write('{"success":')
      case 'garbage':
        return void response.writeHead(200, json).end('{"success": true')
      case 'no verdict':
        return void response.writeHead(200, json).end('["success", true]')
      case 'huge':
        return void response.writeHead(200, json).end(`${said.slice(0, -1)},"more":"${'x'.repeat(1_000_000)}"}`)
      case 'redirects':
        if (request.url?.startsWith('/kind')) return void response.writeHead(200, json).end('{"success":true}')
        return void response.writeHead(307, { location: `${origin}/kind` }).end(said)
    }
  }

  function verdict(body: URLSearchParams): object {
    if (body.get('secret') !== secret) return { success: false, 'error-codes': ['invalid-input-secret'] }
    const token = body.get('response') ?? ''
    const about = answers.get(token)
    if (!about) return { success: false, 'error-codes': ['invalid-input-response'] }
    if (!provider.forgiving) answers.delete(token)
    return { success: true, challenge_ts: '2026-01-05T12:00:00Z', hostname: 'app.example.com', ...about }
  }
}

/** The story with a provider at hand. */
export const withProvider = async (story: (provider: Provider) => Promise<void>): Promise<void> => {
  const provider = await openProvider()
  try {
    await story(provider)
  } finally {
    await provider.close()
  }
}

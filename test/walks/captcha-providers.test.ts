/** Captchas of others: each verified once by the provider's own protocol, and what becomes of it when that goes wrong. */
import assert from 'node:assert/strict'
import type { RemoteName } from '../../src/captcha/provider.ts'
import { refuseCaptcha } from '../../src/captcha/set.ts'
import { forms } from '../../src/engine/captcha.ts'
import { memory } from '../../src/stores/memory.ts'
import type { TestRecovery } from '../../src/testing/index.ts'
import { inMemory, onEveryStore } from '../databases.ts'
import { type Answered, type Mood, secret, setUp, siteKey, solve, withProvider } from './captcha-kit.ts'
import { ana, anaIn, lettersDuring, nobody, sees, send, stranger } from './steps.ts'

const remotes: readonly RemoteName[] = ['recaptcha-v2', 'recaptcha-v3', 'hcaptcha', 'turnstile']
/** What a good answer to the ask form tells. */
const good: Answered = { action: 'request', score: 0.9 }
const path = '/api/flows/classic/request'

const asks = (recovery: TestRecovery, captcha: string | undefined, email = ana) =>
  stranger(recovery).json(path, captcha === undefined ? { email } : { email, captcha })

/** That an ask with this answer is refused before any mail. */
async function isRefused(recovery: TestRecovery, captcha: string | undefined, why: string) {
  let status = 0
  const letters = await lettersDuring(recovery, async () => {
    const { status: told, body } = await asks(recovery, captcha)
    status = told
    if (told === 403) assert.equal(body.code, 'captcha-required', why)
  })
  assert.deepEqual([status, letters], [403, 0], why)
}

async function isAccepted(recovery: TestRecovery, captcha: string, why = '') {
  const letters = await lettersDuring(recovery, async () =>
    assert.equal((await asks(recovery, captcha)).status, 200, why),
  )
  assert.equal(letters, 1, why)
  // Of the address itself six in a quarter of an hour.
  recovery.clock.turn({ minutes: 200 })
}

for (const provider of remotes) {
  onEveryStore(`${provider}: a good answer passes, once, and whatever is wrong with one does not`, async (open) =>
    withProvider(async (server) => {
      const recovery = await open({ captcha: server.options })
      await anaIn(recovery)
      await setUp(recovery, 'request', { provider, siteKey, secret, outage: 'refuse', when: 'always' })
      await isAccepted(recovery, server.give(good))

      await isRefused(recovery, undefined, 'no answer')
      await isRefused(recovery, '', 'an empty answer')
      await isRefused(recovery, 'made-up', 'success: false')
      await isRefused(recovery, server.give({ ...good, hostname: 'evil.example' }), 'another host')
      await isRefused(recovery, server.give({ ...good, hostname: undefined }), 'no host')
      if (provider === 'recaptcha-v3' || provider === 'turnstile') {
        await isRefused(recovery, server.give({ ...good, action: 'login' }), 'another form')
        await isRefused(recovery, server.give({ ...good, action: undefined }), 'no form')
      }
      if (provider === 'recaptcha-v3') {
        await isRefused(recovery, server.give({ ...good, score: 0.49 }), 'a low score')
        await isRefused(recovery, server.give({ ...good, score: undefined }), 'no score')
        await isAccepted(recovery, server.give({ ...good, score: 0.5 }), 'the threshold itself')
      }
      server.mood = 'status 500, kind'
      await isAccepted(recovery, server.give(good), 'the body counts, not the status')
      await isRefused(recovery, 'made-up', 'the body counts, not the status')
    }),
  )
}

onEveryStore('an answer is spent in our own database, even where the provider would take it again', async (open) =>
  withProvider(async (server) => {
    const recovery = await open({ captcha: server.options })
    await anaIn(recovery)
    const wanted = { provider: 'hcaptcha', siteKey, secret, outage: 'refuse', when: 'always' } as const
    await setUp(recovery, 'request', wanted)
    await setUp(recovery, 'login', wanted)
    server.forgiving = true
    const answer = server.give(good)
    assert.equal((await asks(recovery, answer)).status, 200)
    for (let again = 0; again < 3; again++) await isRefused(recovery, answer, 'replayed')
    assert.equal(server.asked.length, 1, 'nobody is asked about a spent one')
    const login = recovery.browser()
    const step = await send(login, '/captcha/login/', { 'h-captcha-response': answer })
    sees(step, 403, 'The check was not passed')
  }),
)

inMemory('of many who bring one answer at once, one passes', async (open) =>
  withProvider(async (server) => {
    const recovery = await open({ captcha: server.options })
    await setUp(recovery, 'request', { provider: 'turnstile', siteKey, secret, outage: 'refuse', when: 'always' })
    server.forgiving = true
    const answer = server.give(good)
    const statuses = await Promise.all(Array.from({ length: 20 }, async () => (await asks(recovery, answer)).status))
    assert.deepEqual(
      statuses.filter((status) => status !== 403),
      [200],
    )
  }),
)

inMemory(
  'the provider is sent the secret and the answer, hCaptcha its site key too, and nothing of the visitor',
  async (open) =>
    withProvider(async (server) => {
      for (const provider of remotes) {
        const recovery = await open({ captcha: server.options })
        await setUp(recovery, 'request', { provider, siteKey, secret, outage: 'refuse', when: 'always' })
        const answer = server.give(good)
        assert.equal((await asks(recovery, answer)).status, 200)
        const sent = Object.fromEntries(server.asked.at(-1)!)
        assert.deepEqual(sent, { secret, response: answer, ...(provider === 'hcaptcha' ? { sitekey: siteKey } : {}) })
      }
    }),
)

const away: readonly Mood[] = ['status 500', 'hangs', 'drips', 'garbage', 'no verdict', 'huge', 'redirects']

for (const mood of away) {
  inMemory(
    `a provider that answers nothing of use (${mood}) lets nobody pass, or has ALTCHA stand in, as it was chosen`,
    async (open) =>
      withProvider(async (server) => {
        const recovery = await open({ captcha: server.options })
        await anaIn(recovery)
        const wanted = { provider: 'turnstile', siteKey, secret, when: 'always' } as const
        await setUp(recovery, 'request', { ...wanted, outage: 'refuse' })
        server.mood = mood
        await isRefused(recovery, server.give(good), mood)
        const refused = await asks(recovery, server.give(good))
        assert.equal(refused.body.captcha.provider, 'turnstile')
        assert.equal(refused.body.captcha.challenge, null)

        await setUp(recovery, 'request', { ...wanted, outage: 'altcha' })
        await isRefused(recovery, server.give(good), mood)
        const { body } = await asks(recovery, server.give(good))
        assert.equal(body.captcha.provider, 'altcha')
        const answer = solve(body.captcha.challenge)
        await isAccepted(recovery, answer, 'ALTCHA stands in')
        await isRefused(recovery, answer, 'once')
        const events = (await recovery.store.events(0, 1000)).filter((one) => one.name === 'captcha.unavailable')
        assert.match(events[0]!.because!, /^request: turnstile: .*; refused$/)
        assert.match(events.at(-1)!.because!, /^request: turnstile: .*; altcha stands in$/)
        assert.ok(recovery.log.some((line) => line.level === 'error' && line.provider === 'turnstile'))
      }),
  )
}

inMemory('ALTCHA stands in for a provider only where its being away was seen, and not for long', async (open) =>
  withProvider(async (server) => {
    const recovery = await open({ captcha: server.options })
    await anaIn(recovery)
    const wanted = { provider: 'hcaptcha', siteKey, secret, outage: 'altcha', when: 'always' } as const
    await setUp(recovery, 'request', wanted)
    const browser = stranger(recovery)
    assert.equal((await browser.look('/api/captcha/request/')).status, 404, 'no challenge for the asking')
    const { body } = await asks(recovery, 'made-up')
    assert.deepEqual([body.captcha.provider, body.captcha.challenge], ['hcaptcha', null])
    // An empty answer says that the script could not be had; then it is looked whether that is so.
    assert.equal((await asks(recovery, '')).body.captcha.provider, 'hcaptcha')
    server.mood = 'hangs'
    const [first, second] = [await asks(recovery, ''), await asks(recovery, '')]
    server.mood = 'well'
    await isAccepted(recovery, solve(first.body.captcha.challenge), 'what was given in time')
    recovery.clock.turn({ minutes: 2 })
    await isRefused(recovery, solve(second.body.captcha.challenge), 'two minutes later')
    // One that stands in for nobody is of no use here.
    await setUp(recovery, 'verify', { provider: 'altcha', siteKey: '', secret: '', when: 'always' })
    const own = JSON.parse((await browser.look('/api/captcha/verify/')).text)
    await isRefused(recovery, solve(own), 'of another form')
    await setUp(recovery, 'request', { provider: 'altcha', siteKey: '', secret: '', when: 'always' })
    const plain = JSON.parse((await browser.look('/api/captcha/request/')).text)
    await setUp(recovery, 'request', wanted)
    await isRefused(recovery, solve(plain), 'of ALTCHA itself')
  }),
)

onEveryStore('what stands in for a provider passes a full limit once more as often, and no further', async (open) =>
  withProvider(async (server) => {
    const recovery = await open({ captcha: server.options })
    await setUp(recovery, 'request', { provider: 'turnstile', siteKey, secret, outage: 'altcha', when: 'overflow' })
    server.mood = 'status 500'
    const browser = recovery.browser({ address: '192.0.2.9' })
    let at = 0
    const ask = (captcha?: string) =>
      browser.json(path, { email: `n${at++}@example.org`, ...(captcha === undefined ? {} : { captcha }) })
    const standIn = async () => solve((await ask('')).body.captcha.challenge)
    while (at < 20) assert.equal((await ask()).status, 200)
    assert.equal((await ask()).body.captcha.provider, 'turnstile')
    for (let more = 0; more < 20; more++) assert.equal((await ask(await standIn())).status, 200, `one more, ${more}`)
    const last = await ask(await standIn())
    assert.deepEqual([last.status, last.body.code], [429, 'too-many-attempts'])
    server.mood = 'well'
    assert.equal((await ask(server.give(good))).status, 200, 'the provider is back, and its own passes again')
  }),
)

inMemory(
  'a secret that the provider does not know is trouble of ours: told to operators, and it lets nobody pass',
  async (open) =>
    withProvider(async (server) => {
      const recovery = await open({ captcha: server.options })
      await setUp(recovery, 'request', {
        provider: 'turnstile',
        siteKey,
        secret: 'another',
        outage: 'refuse',
        when: 'always',
      })
      await isRefused(recovery, server.give(good), 'a wrong secret')
      assert.ok(recovery.log.some((line) => line.because === 'invalid-input-secret'))
    }),
)

onEveryStore('a secret stands in the database sealed, in no event and in no log', async (open) =>
  withProvider(async (server) => {
    const recovery = await open({ captcha: server.options })
    await setUp(recovery, 'login', { provider: 'hcaptcha', siteKey, secret, outage: 'refuse' })
    const setting = (await recovery.store.settings()).find((one) => one.name === 'captcha.login')
    assert.ok(setting!.value!.includes(siteKey) && !setting!.value!.includes(secret))
    const events = await recovery.store.events(0, 100)
    assert.equal(events.at(-1)!.because, 'captcha.login: hcaptcha, overflow, outage refuse')
    assert.ok(!JSON.stringify([events, recovery.log]).includes(secret))
  }),
)

inMemory(
  'keys for tests, which let everybody pass, are refused in production, by the command and at every answer',
  async (open) => {
    const pairs = [
      ['recaptcha-v2', '6LeIxAcTAAAAAJcZVRqyHh71UMIEGNQ_MXjiZKhI', '6LeIxAcTAAAAAGG-vFI1TnRWxMZNFuojJ4WifJWe'],
      ['recaptcha-v3', '6LeIxAcTAAAAAJcZVRqyHh71UMIEGNQ_MXjiZKhI', '6LeIxAcTAAAAAGG-vFI1TnRWxMZNFuojJ4WifJWe'],
      ['hcaptcha', '10000000-ffff-ffff-ffff-000000000001', '0x0000000000000000000000000000000000000000'],
      ['turnstile', '1x00000000000000000000AA', '1x0000000000000000000000000000000AA'],
      ['turnstile', '3x00000000000000000000FF', '2x0000000000000000000000000000000AA'],
    ] as const
    for (const [provider, key, password] of pairs) {
      for (const wanted of [
        { provider, siteKey: key, secret, outage: 'refuse' },
        { provider, siteKey, secret: password, outage: 'refuse' },
      ] as const) {
        for (const form of forms) {
          assert.equal(refuseCaptcha(form, wanted, false).length, 1)
          assert.deepEqual(refuseCaptcha(form, wanted, true), [])
        }
        const recovery = await open()
        await setUp(recovery, 'request', wanted)
        // Set by a process in development: what runs in production does not take it for an answer.
        const { status } = await asks(recovery, 'anything')
        assert.equal(status, 200, 'no limit overflows yet')
        await setUp(recovery, 'request', { ...wanted, when: 'always' })
        await isRefused(recovery, 'anything', 'a key for tests')
      }
    }
  },
)

inMemory('who is known and who is not are asked alike, a hundred times', async (open) =>
  withProvider(async (server) => {
    const recovery = await open({ captcha: server.options })
    await anaIn(recovery)
    await setUp(recovery, 'request', { provider: 'turnstile', siteKey, secret, outage: 'refuse' })
    const [one, other] = [recovery.browser({ address: '192.0.2.1' }), recovery.browser({ address: '192.0.2.2' })]
    const sights = await Promise.all(
      Array.from({ length: 100 }, async (_, at) => {
        const [known, unknown] = [
          await one.json(path, { email: at % 4 === 0 ? ana : `x${at}@example.org` }),
          await other.json(path, { email: at % 4 === 0 ? nobody : `x${at}@example.org` }),
        ]
        return [known, unknown].map(({ status, body }) => `${status} ${body.code}`)
      }),
    )
    for (const [known, unknown] of sights) assert.equal(known, unknown)
    assert.ok(sights.some(([known]) => known === '403 captcha-required'))
  }),
)

inMemory('with keys for tests no start is made but in development', async (open) => {
  const database = memory()
  const first = await open({ database })
  await setUp(first, 'login', { provider: 'turnstile', siteKey: '1x00000000000000000000AA', secret, outage: 'refuse' })
  await assert.rejects(open({ database }), /captcha of login: its keys are for tests/)
  const inDevelopment = await open({ database, development: true, publicUrl: 'http://localhost:3000' })
  assert.equal((await inDevelopment.browser().look('/auth/login/')).status, 200)
})

/**
 * A limit is as good as its key. Mastodon's believed a header that the caller writes (CVE-2023-49952), authentik's was
 * skipped when the caller's address could not be read (CVE-2024-47070), others counted `Ana@` beside `ana@`, the page
 * beside the API, the second code apart from the first. So each trick is played between tries, a dozen times, against each
 * of the three counts that guard an account: asks, codes and log-ins. The count goes on where it was.
 */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { classic, code } from '../../src/flows/index.ts'
import type { TestOptions } from '../../src/testing/index.ts'
import { codeIn } from '../../src/testing/index.ts'
import { askApi, type Bench, eventsOf, formOn, openBench, person, stranger, temporaryFolder } from './kit.ts'

const owner = 'ana@bücher.example'
const sameOrigin = { 'sec-fetch-site': 'same-origin' }

/** How a try differs from the one before. What is not said stays: one network, no header, the plain address. */
type Try = {
  readonly email?: string
  readonly peer?: string
  readonly headers?: Record<string, string>
  /** By a form, with the cookies of the first try or with none, instead of the API. */
  readonly form?: 'same browser' | 'new browser'
  /** Beside what is expected. */
  readonly extra?: Record<string, unknown>
}
type Trick = { readonly options?: TestOptions; readonly nth: (count: number) => Try }

const spellings = [
  'ana@bücher.example',
  'ANA@BÜCHER.example',
  'Ana@bücher.EXAMPLE',
  ' ana@bücher.example',
  'ana@bücher.example\u00a0',
  'ana@xn--bcher-kva.example',
  'ana@XN--BCHER-KVA.example',
  'ana@bu\u0308cher.example',
  'ana@ｂücher.example',
  'ana@bücher。example',
  'ana@bücher．example',
  'ana@bücher.ｅｘａｍｐｌｅ',
]

const spoofed = (count: number): Record<string, string> => {
  const address = `198.18.${count}.7`
  return {
    ...{ 'x-forwarded-for': address, 'x-real-ip': address, 'client-ip': address, 'true-client-ip': address },
    ...{
      'cf-connecting-ip': address,
      'x-client-ip': address,
      'x-cluster-client-ip': address,
      'fastly-client-ip': address,
    },
    ...{ forwarded: `for=${address}`, 'x-forwarded': address, 'forwarded-for': address, via: `1.1 ${address}` },
    ...{ 'x-forwarded-host': `h${count}.example`, 'x-original-url': `/${count}`, 'x-http-method-override': 'PUT' },
  }
}

const behind: TestOptions = { trustedProxies: ['192.0.2.0/24', '2001:db8:ffff::/48'] }
const forwarded = (chain: string): Try => ({ peer: '192.0.2.1', headers: { 'x-forwarded-for': chain } })

const tricks: Record<string, Trick> = {
  'another spelling of the address': { nth: (count) => ({ email: spellings[count % spellings.length]! }) },
  'headers that name another network': { nth: (count) => ({ headers: spoofed(count) }) },
  'the form after the API': { nth: (count) => (count % 2 ? { form: 'same browser' } : {}) },
  'no cookies': { nth: () => ({ form: 'new browser' }) },
  'another user agent and language': {
    nth: (count) => ({ headers: { 'user-agent': `Agent ${count}`, 'accept-language': count % 2 ? 'de' : 'ar' } }),
  },
  'a hop before the one that our proxy wrote': {
    options: behind,
    nth: (count) => forwarded(`198.18.${count}.7, 203.0.113.9`),
  },
  'ten thousand hops before it': {
    options: behind,
    nth: (count) => forwarded(`${Array(10_000).fill(`198.18.${count}.7`).join(',')},203.0.113.9`),
  },
  'hops that look like our proxies': {
    options: behind,
    nth: (count) =>
      forwarded(`198.18.${count}.7, 203.0.113.9, ${Array(count).fill('192.0.2.77').join(',') || '192.0.2.9'}`),
  },
  'what is no address where our proxy writes one': {
    options: behind,
    nth: (count) =>
      forwarded(['a', ',', '1.2.3.4:99999x', 'unknown', '_hidden', '999.1.1.1', "';--", '::g'][count % 8]!),
  },
  'one address written in many ways': {
    options: behind,
    nth: (count) =>
      forwarded(
        ['203.0.113.9', '::ffff:203.0.113.9', '::ffff:cb00:7109', '[::ffff:203.0.113.9]:443', ' 203.0.113.9 '][
          count % 5
        ]!,
      ),
  },
  'another address of the same /64': {
    nth: (count) => ({ peer: `2001:db8:1:2:${(count * 4099).toString(16)}::${count + 1}` }),
  },
  'a zone after the address': { nth: (count) => ({ peer: `fe80::1%eth${count}` }) },
}

/** Sends a form or a body of JSON by way of this trick; the status. */
async function send(
  bench: Bench,
  browsers: Map<string, ReturnType<Bench['browser']>>,
  how: Try,
  where: {
    api: string
    body: (email: string) => object
    page: string
    fields: (email: string) => Record<string, string>
  },
): Promise<number> {
  const { email = owner, peer = '203.0.113.50', headers = {}, form, extra = {} } = how
  if (!form) {
    const browser = bench.browser({ address: peer, headers })
    return (await browser.json(where.api, { ...where.body(email), ...extra })).status
  }
  const kept = form === 'same browser' ? browsers.get(peer) : undefined
  const browser = kept ?? bench.browser({ address: peer, headers })
  browsers.set(peer, browser)
  const page = await formOn(browser, where.page)
  return (await browser.post(page.action, { ...page.fields, ...where.fields(email) }, sameOrigin)).status
}

const compared = async (bench: Bench): Promise<number> =>
  (await eventsOf(bench)).filter(({ because }) => because === 'wrong code').length

const wrong = (real: string, count: number): string =>
  String((Number(real || '0') + 1 + count) % 1_000_000).padStart(6, '0')

async function withBench(options: TestOptions, story: (bench: Bench) => Promise<void>): Promise<void> {
  const bench = await openBench('', options)
  try {
    await person(bench, owner, { username: 'ana_keller' })
    await story(bench)
  } finally {
    await bench.close()
  }
}

for (const [name, { options = {}, nth }] of Object.entries(tricks)) {
  test(`asks: ${name} is no fourth ask`, async () => {
    await withBench(options, async (bench) => {
      const statuses: number[] = []
      const browsers = new Map()
      for (let count = 0; count < 12; count++) {
        const status = await send(bench, browsers, nth(count), {
          api: '/api/flows/classic/request',
          body: (email) => ({ email }),
          page: classic.routes.ask,
          fields: (email) => ({ email }),
        })
        statuses.push(status)
      }
      const passed = statuses.filter((status) => status < 400).length
      assert.equal(passed, 3, statuses.join())
      assert.ok(
        statuses.every((status) => [200, 303, 400, 429].includes(status)),
        statuses.join(),
      )
    })
  })

  test(`log-ins: ${name} is no eleventh try`, async () => {
    await withBench(options, async (bench) => {
      const statuses: number[] = []
      for (let count = 0; count < 14; count++) {
        const { email = owner, peer = '203.0.113.50', headers = {} } = nth(count)
        const browser = bench.browser({ address: peer, headers })
        const fields = { username: email, password: 'Wrong-Guess-55!' }
        statuses.push((await browser.post('/login/', fields, sameOrigin)).status)
      }
      assert.equal(statuses.filter((status) => status === 403).length, 10, statuses.join())
    })
  })

  test(`codes: ${name} is no eleventh guess`, async () => {
    await withBench(options, async (bench) => {
      for (let round = 0; round < 4; round++) {
        const { body } = await askApi(stranger(bench), code, owner)
        const had = bench.letters.length
        const mail = await bench.mail()
        const real = mail && bench.letters.length > had ? codeIn(mail) : ''
        for (let count = 0; count < 6; count++) {
          const { email = owner, peer = '203.0.113.50', headers = {} } = nth(6 * round + count)
          const proof = { flow_id: body.flow_id, email, code: wrong(real, 6 * round + count) }
          await bench.browser({ address: peer, headers }).json('/api/flows/code/prove', proof)
        }
        bench.clock.turn({ minutes: 16 })
      }
      assert.equal(await compared(bench), 10)
    })
  })
}

test('fields that nobody asked for are refused, and open no count of their own', async () => {
  await withBench({}, async (bench) => {
    const browser = bench.browser({ address: '203.0.113.50' })
    const extras = [
      ...[{ ip: '198.18.0.1' }, { address: 'x' }, { limits: 'off' }, { resend: false }, { count: 0 }, { admin: true }],
      ...[{ captcha: 'x' }, { flow_id: 'x' }, { skip: 1 }, { __proto__x: 1 }, { retry: 0 }, { caller: null }],
    ]
    let passed = 0
    for (const extra of extras) {
      const api = await browser.json('/api/flows/classic/request', { email: owner, ...extra })
      const form = await browser.post(classic.routes.ask, { email: owner, ...textual(extra) }, sameOrigin)
      passed += [api.status, form.status].filter((status) => status < 400).length
    }
    assert.equal(passed, 3)
  })
})

const textual = (extra: object): Record<string, string> =>
  Object.fromEntries(Object.entries(extra).map(([name, value]) => [name, String(value)]))

test('a resend, a new flow and a new code give no guess more than the account has', async () => {
  await withBench({}, async (bench) => {
    const caller = stranger(bench)
    let flowId: string | undefined
    for (let round = 0; round < 8; round++) {
      // In turn: asked for again under the same id, and anew.
      const more = round % 2 && flowId ? { flow_id: flowId } : {}
      const asked = await askApi(round % 4 === 3 ? stranger(bench) : caller, code, owner, more)
      flowId = asked.body.flow_id ?? flowId
      const had = bench.letters.length
      const mail = await bench.mail()
      const real = mail && bench.letters.length > had ? codeIn(mail) : ''
      for (let count = 0; count < 3; count++) {
        const proof = { flow_id: flowId, email: owner, code: wrong(real, 3 * round + count) }
        await caller.json('/api/flows/code/prove', proof)
      }
      bench.clock.turn({ minutes: 6 })
    }
    assert.equal(await compared(bench), 10)
  })
})

test('digits of other scripts are no digits, and those of full width are the same guess', async () => {
  await withBench({}, async (bench) => {
    const { body } = await askApi(stranger(bench), code, owner)
    const real = codeIn((await bench.mail())!)
    const one = wrong(real, 0)
    const inScript = (zero: number): string =>
      [...one].map((digit) => String.fromCodePoint(zero + Number(digit))).join('')
    // Arabic-Indic, Devanagari, Bengali, Thai, mathematical bold, full width.
    const statuses: number[] = []
    for (const zero of [0x0660, 0x0966, 0x09e6, 0x0e50, 0x1d7ce, 0xff10]) {
      const proof = { flow_id: body.flow_id, email: owner, code: inScript(zero) }
      statuses.push((await stranger(bench).json('/api/flows/code/prove', proof)).status)
    }
    assert.deepEqual(statuses, [422, 422, 422, 422, 400, 400], 'not a code, or a wrong one')
    assert.equal(await compared(bench), 2)
    const proof = { flow_id: body.flow_id, email: owner, code: real }
    assert.equal((await stranger(bench).json('/api/flows/code/prove', proof)).status, 200)
  })
})

test('a restart between any two tries changes nothing', async () => {
  const { path, remove } = temporaryFolder()
  const file = join(path, 'app.db')
  let bench = await openBench(file)
  const { clock } = bench
  try {
    await person(bench, owner)
    const statuses: number[] = []
    for (let count = 0; count < 6; count++) {
      const { status } = await askApi(bench.browser({ address: '203.0.113.50' }), classic, owner)
      statuses.push(status)
      await bench.close()
      bench = await openBench(file, { clock })
    }
    assert.deepEqual(statuses, [200, 200, 200, 429, 429, 429])
  } finally {
    await bench.close()
    remove()
  }
})

/** What is counted, when it is full, and what is told of it: limits of the caller show, those of an address never do. */
import assert from 'node:assert/strict'
import { classic, code, spa, stateless, verified } from '../../src/flows/index.ts'
import { codeIn, type Page, type TestBrowser } from '../../src/testing/index.ts'
import { onEveryStore } from '../databases.ts'
import {
  after,
  ana,
  anaIn,
  anasName,
  ask,
  before,
  isDeadLink,
  letterFor,
  lettersDuring,
  linkOf,
  logIn,
  logsIn,
  nobody,
  openLink,
  person,
  resetByLink,
  sees,
  send,
  stranger,
  twice,
} from './steps.ts'

const minute = 60_000
const day = 24 * 60 * minute

function isLimited(page: Page, countdown: string): void {
  const [minutes = 0, seconds = 0] = countdown.split(':').map(Number)
  const wait = minutes * 60 + seconds
  const said = Math.ceil(wait / 60)
  sees(page, 429, 'Too many attempts', `Countdown: ${countdown} remaining`)
  sees(page, 429, `Please wait ${said} ${said === 1 ? 'minute' : 'minutes'} and try again`)
  assert.equal(page.headers.get('retry-after'), String(wait))
  assert.ok(page.text.includes(`data-countdown="${wait}"`), 'it runs')
}

onEveryStore('asks: three by one caller for one address and flow in fifteen minutes, sliding', async (open) => {
  const recovery = await open()
  for (const [flow, address] of [
    [classic, ana],
    [code, nobody],
  ] as const) {
    const browser = stranger(recovery)
    const asks = async (): Promise<Page> => ask(browser, flow, address)
    assert.equal((await asks()).status, 303)
    recovery.clock.turn({ minutes: 5 })
    assert.equal((await asks()).status, 303)
    assert.equal((await asks()).status, 303)
    recovery.clock.turn({ seconds: 28 })
    isLimited(await asks(), '9:32')
    recovery.clock.turn({ minutes: 9, seconds: 31 })
    isLimited(await asks(), '0:01')
    recovery.clock.turn({ seconds: 1 })
    assert.equal((await asks()).status, 303, 'the first is past')
    isLimited(await asks(), '5:00')
    // Another address, another flow: counts of their own.
    assert.equal((await ask(browser, flow, `x${address}`)).status, 303)
    assert.equal((await ask(browser, flow === classic ? code : classic, address)).status, 303)
  }
})

onEveryStore('asks: a refused one shows the time that is left, 14:32 of 15:00', async (open) => {
  const recovery = await open()
  const browser = stranger(recovery)
  for (let asks = 0; asks < 3; asks++) await ask(browser, code, ana)
  recovery.clock.turn({ seconds: 28 })
  const limited = await ask(browser, code, ana)
  isLimited(limited, '14:32')
  sees(limited, 429, 'Please wait 15 minutes and try again', 'Countdown: 14:32 remaining')
})

onEveryStore('asks: neither a lost cookie, another network, spelling nor header starts a new count', async (open) => {
  const recovery = await open()
  const browser = recovery.browser({ address: '192.0.2.1' })
  await browser.get(classic.routes.ask)
  const cookie = browser.jar.get('__Host-lk_browser')!
  const spellings = [ana, ' ANA@example.org', 'Ana@EXAMPLE.ORG ']
  for (const address of spellings) assert.equal((await ask(browser, classic, address)).status, 303)

  const forgetful = recovery.browser({ address: '192.0.2.1' })
  isLimited(await ask(forgetful, classic, ana), '15:00')
  const moved = recovery.browser({ address: '192.0.2.2' })
  moved.jar.set('__Host-lk_browser', cookie)
  isLimited(await ask(moved, classic, ana), '15:00')
  const forged: Record<string, string>[] = [
    { 'x-forwarded-for': '198.18.0.1' },
    { forwarded: 'for=198.18.0.1' },
    { 'x-real-ip': '198.18.0.1', 'cf-connecting-ip': '198.18.0.1', 'true-client-ip': '198.18.0.1' },
  ]
  for (const headers of forged) {
    isLimited(await ask(recovery.browser({ address: '192.0.2.1', headers }), classic, ana), '15:00')
  }
  const program = await recovery.browser({ address: '192.0.2.1' }).json('/api/flows/classic/request', { email: ana })
  assert.equal(program.status, 429, 'the API counts with the pages')
})

onEveryStore('asks: programs are told in a problem document, with Retry-After and RateLimit', async (open) => {
  const recovery = await open()
  const program = stranger(recovery)
  const asks = () => program.json('/auth/forgot-password/', { email: ana })
  for (let count = 0; count < 3; count++) assert.equal((await asks()).status, 200)
  recovery.clock.turn({ minutes: 1 })
  const { status, headers, body } = await asks()
  assert.deepEqual([status, body.error, body.retry_after], [429, 'Too many attempts', 840])
  assert.match(headers.get('content-type')!, /^application\/problem\+json/)
  assert.deepEqual([headers.get('retry-after'), headers.get('ratelimit')], ['840', '"caller";r=0;t=840'])
  assert.equal(headers.get('ratelimit-policy'), '"caller";q=3;w=900')
  const other = recovery.browser({ address: '192.0.2.200' })
  for (let count = 0; count < 20; count++)
    await other.json('/auth/forgot-password/', { email: `p${count}@example.org` })
  const full = await other.json('/auth/forgot-password/', { email: nobody })
  assert.deepEqual(
    [full.status, full.headers.get('ratelimit-policy')],
    [429, '"caller";q=20;w=900'],
    'the network has its own',
  )
  const fields = /^"[a-z-]+"(?:;[a-z]=\d+)+$/
  for (const name of ['ratelimit', 'ratelimit-policy']) assert.match(full.headers.get(name)!, fields)
})

onEveryStore('asks: twenty by one network in fifteen minutes, whomever they are for', async (open) => {
  const recovery = await open()
  for (let count = 0; count < 20; count++) {
    const browser = recovery.browser({ address: `2001:db8:1:2::${count}` })
    const flow = [classic, code, stateless, verified][count % 4]!
    assert.equal((await ask(browser, flow, `person-${count}@example.org`)).status, 303)
    recovery.clock.turn({ seconds: 10 })
  }
  isLimited(await ask(recovery.browser({ address: '2001:db8:1:2:a:b:c:d' }), classic, 'one-more@example.org'), '11:40')
  const program = recovery.browser({ address: '2001:db8:1:2::5' })
  assert.equal((await program.json('/auth/forgot-password/', { email: nobody })).status, 429)
  assert.equal((await ask(recovery.browser({ address: '2001:db8:9:2::1' }), classic, ana)).status, 303)
  recovery.clock.turn({ minutes: 12 })
  assert.equal((await ask(recovery.browser({ address: '2001:db8:1:2::1' }), classic, ana)).status, 303)
})

onEveryStore('asks: a proxy that is trusted is believed, and only its own last word', async (open) => {
  const recovery = await open({ trustedProxies: ['10.0.0.0/8'] })
  const from = (forwarded: string): TestBrowser =>
    recovery.browser({ address: '10.1.2.3', headers: { 'x-forwarded-for': forwarded } })
  for (let count = 0; count < 3; count++) {
    assert.equal((await ask(from(`198.18.0.${count}, 203.0.113.50`), classic, ana)).status, 303)
  }
  assert.equal((await ask(from('198.18.0.9, 203.0.113.50'), classic, ana)).status, 429)
  assert.equal((await ask(from('203.0.113.50, 203.0.113.51'), classic, ana)).status, 303)
})

onEveryStore(
  'letters: six for an address in fifteen minutes over all callers and flows, then none and not a word',
  async (open) => {
    const recovery = await open()
    await anaIn(recovery)
    const flows = [classic, stateless, code, spa, verified]
    for (let count = 0; count < 6; count++) {
      await letterFor(recovery, flows[count % 5]!, ana)
      recovery.clock.turn({ minutes: 1 })
    }
    const answers: (number | string)[][] = []
    const letters = await lettersDuring(recovery, async () => {
      for (const address of [ana, nobody]) {
        const browser = stranger(recovery)
        const page = await ask(browser, classic, address)
        answers.push([page.status, page.location!, (await browser.get(page.location!)).text])
        const { status, body } = await stranger(recovery).json('/auth/forgot-password/', { email: address })
        answers.push([status, body.message])
      }
    })
    assert.equal(letters, 0)
    assert.deepEqual(answers.slice(0, 2), answers.slice(2))
    recovery.clock.turn({ minutes: 9 })
    await letterFor(recovery, classic, ana)
  },
)

onEveryStore('letters: ten for an address in a day', async (open) => {
  const recovery = await open()
  await anaIn(recovery)
  for (let count = 0; count < 10; count++) {
    await letterFor(recovery, stateless, ana)
    recovery.clock.turn({ minutes: 20 })
  }
  assert.equal(await lettersDuring(recovery, () => ask(stranger(recovery), stateless, ana)), 0)
  recovery.clock.turn({ minutes: 24 * 60 - 200 - 1 })
  assert.equal(await lettersDuring(recovery, () => ask(stranger(recovery), stateless, ana)), 0)
  recovery.clock.turn({ minutes: 1 })
  await letterFor(recovery, stateless, ana)
})

onEveryStore('letters: a browser that has logged in as the owner before has two more of its own', async (open) => {
  const recovery = await open()
  await anaIn(recovery)
  await person(recovery, 'ben@example.org')
  const [byAddress, byName, bens] = [stranger(recovery), stranger(recovery), stranger(recovery)]
  await logIn(byAddress, '/login/', ana, before)
  await logIn(byName, '/login/', anasName, before)
  await logIn(bens, '/login/', 'ben@example.org', before)
  for (let count = 0; count < 6; count++) await ask(stranger(recovery), stateless, ana)
  for (const known of [byAddress, byName]) {
    const letters = await lettersDuring(recovery, async () => {
      for (let count = 0; count < 3; count++) await ask(known, stateless, ana)
    })
    assert.equal(letters, 2)
  }
  for (const other of [bens, stranger(recovery)]) {
    assert.equal(await lettersDuring(recovery, () => ask(other, stateless, ana)), 0)
  }
})

onEveryStore('letters: a notice is not counted with them', async (open) => {
  const recovery = await open()
  await anaIn(recovery)
  const browser = stranger(recovery)
  const mail = await letterFor(recovery, classic, ana, browser)
  for (let count = 0; count < 8; count++) await ask(stranger(recovery), stateless, ana)
  const letters = await lettersDuring(recovery, async () =>
    send(browser, await openLink(browser, linkOf(mail).path), twice(classic, after)),
  )
  assert.equal(letters, 1)
  assert.match(recovery.letters[0]!.subject, /Your password was changed$/)
})

onEveryStore('live challenges: the fourth ask mails the newest link again, and a success revokes all', async (open) => {
  const recovery = await open()
  await anaIn(recovery)
  const links: string[] = []
  for (let count = 0; count < 5; count++) {
    links.push(linkOf(await letterFor(recovery, classic, ana)).path)
    recovery.clock.turn({ minutes: 1 })
  }
  assert.equal(new Set(links).size, 3)
  assert.deepEqual(links.slice(2), [links[2], links[2], links[2]])
  for (const link of links) await openLink(stranger(recovery), link)
  const owner = stranger(recovery)
  await send(owner, await openLink(owner, links[0]!), twice(classic, after))
  for (const link of links) isDeadLink(await stranger(recovery).look(link), classic)
  const fresh = linkOf(await letterFor(recovery, classic, ana)).path
  assert.ok(!links.includes(fresh))
})

onEveryStore('live challenges: a fresh one replaces the oldest only past half its life', async (open) => {
  const recovery = await open()
  await anaIn(recovery)
  const links: string[] = []
  for (let count = 0; count < 3; count++) {
    links.push(linkOf(await letterFor(recovery, classic, ana)).path)
    recovery.clock.turn({ minutes: 1 })
  }
  recovery.clock.turn({ minutes: 12 * 60 - 3 })
  assert.equal(linkOf(await letterFor(recovery, classic, ana)).path, links[2], 'half its life is left')
  recovery.clock.turn({ seconds: 1 })
  const fresh = linkOf(await letterFor(recovery, classic, ana)).path
  assert.ok(!links.includes(fresh))
  const dead = await Promise.all(links.map(async (link) => (await stranger(recovery).look(link)).status))
  assert.deepEqual(dead, [410, 303, 303])
  await openLink(stranger(recovery), fresh)
})

onEveryStore(
  'live challenges: flows do not replace each other, a success in one revokes those of all',
  async (open) => {
    const recovery = await open()
    await anaIn(recovery)
    const kept = linkOf(await letterFor(recovery, classic, ana)).path
    const single = linkOf(await letterFor(recovery, verified, ana)).path
    await letterFor(recovery, code, ana)
    await openLink(stranger(recovery), kept)
    await openLink(stranger(recovery), single)
    assert.equal((await resetByLink(recovery, stateless, ana, after)).status, 303)
    isDeadLink(await stranger(recovery).look(kept), classic)
    isDeadLink(await stranger(recovery).look(single), verified)
  },
)

onEveryStore('live challenges: a code asked for while three are live elsewhere comes as a link', async (open) => {
  const recovery = await open()
  await anaIn(recovery)
  for (let count = 0; count < 3; count++) assert.match(codeIn(await letterFor(recovery, code, ana)), /^\d{6}$/)
  const owner = stranger(recovery)
  const mail = await letterFor(recovery, code, ana, owner)
  assert.equal(codeIn(mail), '')
  const set = await openLink(owner, linkOf(mail).path)
  assert.equal((await send(owner, set, twice(code, after))).status, 303)
})

onEveryStore('log-ins: ten wrong ones shut out the stranger and not the browser that was in before', async (open) => {
  const recovery = await open()
  await anaIn(recovery)
  const owner = stranger(recovery)
  assert.equal((await logIn(owner, '/auth/login/', ana, before)).status, 303)
  for (let count = 0; count < 10; count++) {
    sees(await logIn(stranger(recovery), '/auth/login/', ana, `wrong-${count}`), 403)
    recovery.clock.turn({ seconds: 6 })
  }
  isLimited(await logIn(stranger(recovery), '/auth/login/', ana, before), '14:00')
  isLimited(await logIn(stranger(recovery), '/accounts/login/', ` ${ana.toUpperCase()}`, before), '14:00')

  assert.equal((await logIn(owner, '/auth/login/', ana, before)).status, 303)
  assert.equal((await logIn(owner, '/auth/login/', anasName, before)).status, 303)
  for (let count = 0; count < 10; count++) sees(await logIn(owner, '/auth/login/', ana, 'wrong'), 403)
  isLimited(await logIn(owner, '/auth/login/', ana, before), '15:00')

  recovery.clock.turn({ minutes: 14 })
  assert.equal(await logsIn(recovery, '/auth/login/', ana, before), true)
})

onEveryStore(
  'log-ins: address and user name share ten tries, and nobody is told that they are one account',
  async (open) => {
    const recovery = await open()
    await anaIn(recovery)
    for (let count = 0; count < 10; count++) {
      sees(await logIn(stranger(recovery), '/auth/login/', count % 2 === 0 ? ana : anasName, 'wrong'), 403)
    }
    sees(await logIn(stranger(recovery), '/auth/login/', ana, before), 403)
    sees(await logIn(stranger(recovery), '/auth/login/', anasName, before), 403)
    recovery.clock.turn({ minutes: 15 })
    assert.equal(await logsIn(recovery, '/auth/login/', ana, before), true)
  },
)

onEveryStore('log-ins: a right password gives its try back, and nobody is counted like somebody', async (open) => {
  const recovery = await open()
  await anaIn(recovery)
  for (let count = 0; count < 9; count++) sees(await logIn(stranger(recovery), '/auth/login/', ana, 'wrong'), 403)
  for (let count = 0; count < 3; count++) {
    assert.equal((await logIn(stranger(recovery), '/auth/login/', ana, before)).status, 303)
  }
  sees(await logIn(stranger(recovery), '/auth/login/', ana, 'wrong'), 403)
  isLimited(await logIn(stranger(recovery), '/auth/login/', ana, before), '15:00')
  for (let count = 0; count < 10; count++) {
    sees(await logIn(stranger(recovery), '/auth/login/', nobody, before), 403)
  }
  isLimited(await logIn(stranger(recovery), '/auth/login/', nobody, before), '15:00')
})

onEveryStore('log-ins: a completed reset opens the door that a stranger had shut', async (open) => {
  const recovery = await open()
  await anaIn(recovery)
  for (let count = 0; count < 10; count++) await logIn(stranger(recovery), '/login/', ana, 'wrong')
  for (let count = 0; count < 10; count++) await logIn(stranger(recovery), '/login/', anasName, 'wrong')
  assert.equal((await logIn(stranger(recovery), '/login/', ana, before)).status, 429)
  const owner = stranger(recovery)
  await resetByLink(recovery, classic, ana, after, owner)
  for (let count = 0; count < 10; count++) await logIn(stranger(recovery), '/login/', ana, 'wrong')
  assert.equal((await logIn(owner, '/login/', ana, after)).status, 303)
})

onEveryStore('log-ins: a hundred wrong ones shut a network out, whomever they were for', async (open) => {
  const recovery = await open({ limits: { logInsPerNetwork: [{ max: 5, ms: 15 * minute }] } })
  await anaIn(recovery)
  const browser = recovery.browser({ address: '192.0.2.77' })
  for (let count = 0; count < 5; count++) {
    sees(await logIn(browser, '/login/', `person-${count}@example.org`, 'wrong'), 403)
  }
  isLimited(await logIn(recovery.browser({ address: '192.0.2.77' }), '/login/', ana, before), '15:00')
  assert.equal(await logsIn(recovery, '/login/', ana, before), true)
})

onEveryStore('wrong codes of the whole installation: past their number every letter carries a link', async (open) => {
  const limits = { wrongCodesOfAll: [{ max: 4, ms: day }], wrongCodesAlarm: [{ max: 2, ms: day }] }
  const recovery = await open({ limits })
  for (const name of ['ana', 'ben']) {
    await person(recovery, `${name}@example.org`)
    const browser = stranger(recovery)
    const right = codeIn(await letterFor(recovery, code, `${name}@example.org`, browser))
    for (let tries = 0; tries < 2; tries++) {
      await send(browser, code.routes.code, { code: right.replace(/.$/, (last) => String((Number(last) + 1) % 10)) })
    }
  }
  assert.equal(recovery.log.filter((entry) => entry.alarm === 'wrong-codes-of-all').length, 1)
  await person(recovery, 'eve@example.org')
  assert.equal(codeIn(await letterFor(recovery, code, 'eve@example.org')), '')
  recovery.clock.turn({ days: 1 })
  assert.match(codeIn(await letterFor(recovery, code, 'eve@example.org')), /^\d{6}$/)
})

onEveryStore(
  'budgets: without a captcha every ask goes on, known and unknown alike, and operators are told',
  async (open) => {
    const limits = { asksOfAll: [{ max: 100, ms: day }], lettersOfAll: [{ max: 102, ms: day }] }
    const recovery = await open({ limits, alarms: { to: ['ops@example.com'] } })
    await anaIn(recovery)
    const names = (): unknown[] => recovery.log.filter(({ alarm }) => alarm).map(({ alarm }) => alarm)
    for (let count = 0; count < 99; count++) {
      const asked = await stranger(recovery).json('/auth/forgot-password/', { email: `p${count}@example.org` })
      assert.equal(asked.status, 200)
    }
    assert.deepEqual(names(), [])
    const answers = []
    for (const address of [nobody, ana, nobody, ana]) {
      const { status, body } = await stranger(recovery).json('/auth/forgot-password/', { email: address })
      answers.push([status, body])
    }
    assert.deepEqual(answers.slice(0, 2), answers.slice(2))
    assert.deepEqual(answers[0], [200, { message: 'If the email exists, a reset link has been sent.' }])
    assert.deepEqual(names(), ['asks-of-all', 'letters-of-all'])
    assert.equal(await lettersDuring(recovery, () => ask(stranger(recovery), classic, ana)), 1, 'letters go on, too')
    const mailed = recovery.letters.filter((mail) => mail.to === 'ops@example.com')
    assert.equal(mailed.length, 2)
  },
)

onEveryStore('budgets: off by default, whatever comes', async (open) => {
  const recovery = await open()
  for (let count = 0; count < 300; count++) {
    await stranger(recovery).json('/auth/forgot-password/', { email: `p${count}@example.org` })
  }
  const events = await recovery.store.events(0, 10_000)
  assert.equal(events.filter(({ name }) => name === 'challenge.opened').length, 300)
  assert.ok(!events.some(({ name }) => name === 'limit.crossed' || name === 'alarm.raised'))
})

onEveryStore(
  'a host that cannot say where a request comes from limits browsers, and nobody for others',
  async (open) => {
    const recovery = await open()
    const asks = async (browser: string): Promise<number> => {
      const request = new Request('https://app.example.com/auth/forgot-password/', {
        method: 'POST',
        headers: { 'content-type': 'application/json', cookie: browser },
        body: JSON.stringify({ email: ana }),
      })
      return (await recovery.fetch(request)).status
    }
    for (let count = 0; count < 25; count++) assert.equal(await asks(''), 200)
  },
)

onEveryStore(
  'counts of guesses may be set lower, and higher only as far as the digits of a code allow',
  async (open) => {
    const codes = (digits: 6 | 7 | 8) => ({ flows: [{ ...code, proof: { ...code.proof, digits } }] })
    const told = async (more: object): Promise<string> => limitsOf(open, {}, more)
    const eleven = { limits: { wrongCodesPerAccount: [{ max: 11, ms: day }] } }
    assert.match(await told({ ...codes(6), ...eleven }), /wrongCodesPerAccount: max must be 1 to 10 in 86400 seconds/)
    assert.equal(await told({ ...codes(7), ...eleven }), '')
    const hourly = { limits: { wrongCodesPerAccount: [{ max: 10, ms: 60 * minute }] } }
    assert.match(await told({ ...codes(6), ...hourly }), /wrongCodesPerAccount/, 'ten an hour are 240 a day')
    const row = { limits: { wrongCodesInARow: [{ max: 101, ms: 3650 * day }] } }
    assert.match(await told({ ...codes(8), ...row }), /wrongCodesInARow: max must be 1 to 100/)
    const all = { limits: { wrongCodesOfAll: [{ max: 5001, ms: day }], wrongCodesAlarm: [{ max: 1001, ms: day }] } }
    assert.match(await told({ ...codes(6), ...all }), /wrongCodesOfAll: [\s\S]*wrongCodesAlarm: /)
    assert.equal(await told({ ...codes(8), ...all }), '')
  },
)

const limitsOf = async (
  open: Parameters<Parameters<typeof onEveryStore>[1]>[0],
  limits: object,
  more: object = {},
): Promise<string> =>
  open({ limits, ...more } as never).then(
    () => '',
    (error: Error) => error.message,
  )

onEveryStore('limits outside their bounds are refused at the start, with the bounds', async (open) => {
  const least = 'limits.lettersPerAddress: max must be 1 to 100 in 60 seconds or more, it is 0 in 86400'
  assert.ok((await limitsOf(open, { lettersPerAddress: [{ max: 0, ms: day }] })).includes(least))
  assert.match(await limitsOf(open, { logInsPerAccount: [{ max: 5000, ms: day }] }), /max must be 1 to 100 in/)
  assert.match(await limitsOf(open, { asksOfAll: [{ max: 5, ms: day }] }), /max must be 100 to 10000000/)
  assert.match(await limitsOf(open, { lettersPerAddress: [] }), /lettersPerAddress: name a window/)
  assert.match(await limitsOf(open, { lettersPerAddress: null }), /lettersPerAddress: it cannot be left out/)
  assert.match(await limitsOf(open, { asksPerPlanet: [{ max: 5, ms: day }] }), /asksPerPlanet: there is no such count/)
  assert.match(await limitsOf(open, { asksPerNetwork: [{ max: 5, ms: 10 }] }), /in 60 seconds or more/)
  assert.match(await limitsOf(open, { asksPerNetwork: [{ max: 1.5, ms: day }] }), /asksPerNetwork/)
  const off = await open({ limits: 'off' }).then(
    () => '',
    (error: Error) => error.message,
  )
  assert.match(off, /"off" is for measuring, in development/)
})

/**
 * Clocks are set: a machine wakes with yesterday's time, a virtual one is moved, somebody mends a wrong time zone by hand.
 * What was made by a clock that was an hour ahead would then live for an hour longer than anybody was told; a limit whose
 * counts lie in the future is either forgotten, which is one more round for whoever guesses, or never over; a letter that
 * was due in an hour's time waits for it. So the clock is set back by an hour under everything that counts time.
 */
import assert from 'node:assert/strict'
import { sentence } from '../../src/audit/findings.ts'
import { verify } from '../../src/audit/verify.ts'
import { classic, code, spa, stateless } from '../../src/flows/index.ts'
import { codeIn } from '../../src/testing/index.ts'
import {
  after,
  allFlows,
  arrive,
  askApi,
  type Bench,
  before,
  eventsOf,
  isSuccess,
  letterFor,
  linkBody,
  linkFlows,
  onAllStores,
  person,
  reset,
  stranger,
  submit,
} from './kit.ts'

const back = (bench: Bench): void => bench.clock.turn({ minutes: -60 })
const sameOrigin = { 'sec-fetch-site': 'same-origin' }

onAllStores('no proof lives longer: what was made by the clock that was ahead is over at once', async (open) => {
  const bench = await open()
  const proofs: (() => Promise<{ status: number }>)[] = []
  for (const flow of linkFlows) {
    await person(bench, `${flow.name}@example.org`)
    const body = linkBody(flow, await letterFor(bench, flow, `${flow.name}@example.org`))
    proofs.push(() => stranger(bench).json(`/api/flows/${flow.name}/change`, { ...body, password: after }))
  }
  await person(bench, 'code@example.org')
  const program = stranger(bench)
  const { body } = await askApi(program, code, 'code@example.org')
  const typed = { flow_id: body.flow_id, email: 'code@example.org', code: codeIn((await bench.mail())!) }
  proofs.push(() => program.json('/api/flows/code/prove', typed))
  back(bench)
  for (const [index, proof] of proofs.entries()) {
    assert.ok(!isSuccess(await proof()), `${[...linkFlows, code][index]!.name}: it would live for an hour more`)
  }
  // Whoever asks now is served as ever.
  for (const flow of linkFlows) {
    const mail = await letterFor(bench, flow, `${flow.name}@example.org`)
    assert.ok(isSuccess(await reset(stranger(bench), flow, mail, after)), flow.name)
  }
})

onAllStores('no grant lives longer', async (open) => {
  const bench = await open()
  for (const flow of [classic, stateless]) {
    const owner = `${flow.name}@example.org`
    await person(bench, owner)
    const browser = stranger(bench)
    const path = await arrive(browser, flow, await letterFor(bench, flow, owner))
    const form = { [flow.fields.password]: after, [flow.fields.confirm]: after }
    const page = await browser.get(path)
    assert.equal(page.status, 200)
    back(bench)
    await assert.rejects(submit(browser, path, form), /No form/, flow.name)
    bench.clock.turn({ minutes: 60 })
  }
})

onAllStores('a few seconds are no step: clocks are kept right all the time', async (open) => {
  const bench = await open()
  await person(bench, 'ana@example.org')
  const mail = await letterFor(bench, spa, 'ana@example.org')
  bench.clock.turn({ seconds: -20 })
  assert.ok(isSuccess(await reset(stranger(bench), spa, mail, after)))
})

onAllStores('no limit starts anew, and none is for ever', async (open) => {
  const bench = await open()
  await person(bench, 'ana@example.org')
  const browser = bench.browser({ address: '203.0.113.9' })
  const ask = () => askApi(browser, spa, 'ana@example.org')
  for (let times = 0; times < 3; times++) assert.equal((await ask()).status, 200)
  assert.equal((await ask()).status, 429)
  back(bench)
  const refused = await ask()
  assert.equal(refused.status, 429, 'it is as full as it was')
  const wait = Number(refused.headers.get('retry-after'))
  assert.ok(wait > 0 && wait <= 15 * 60, `${wait} s: no longer than the window`)
  bench.clock.turn({ minutes: 60 + 16 })
  assert.equal((await ask()).status, 200, 'and over when its window is')
})

onAllStores('letters go out: those that wait, and those that are promised after', async (open) => {
  const bench = await open()
  for (const flow of allFlows) {
    await person(bench, `${flow.name}@example.org`)
    assert.equal((await askApi(stranger(bench), flow, `${flow.name}@example.org`)).status, 200)
  }
  back(bench)
  await bench.worker.drain()
  assert.deepEqual(bench.letters.map(({ to }) => to).sort(), allFlows.map(({ name }) => `${name}@example.org`).sort())
  await bench.worker.drain()
  assert.equal(bench.letters.length, allFlows.length, 'each once')
  await person(bench, 'late@example.org')
  await letterFor(bench, spa, 'late@example.org')
})

onAllStores('sessions end when they are ended, and by their time', async (open) => {
  const bench = await open()
  await person(bench, 'ana@example.org')
  const logIn = async () => {
    const browser = stranger(bench)
    await browser.post('/login/', { username: 'ana@example.org', password: before }, sameOrigin)
    assert.equal((await browser.look('/account/')).status, 200)
    return browser
  }
  const [one, other] = [await logIn(), await logIn()]
  back(bench)
  assert.equal((await one.look('/account/')).status, 200, 'nobody is put out')
  await one.submit('/account/', {}, '/logout/')
  assert.notEqual((await one.look('/account/')).status, 200)
  const mail = await letterFor(bench, spa, 'ana@example.org')
  const third = await logIn()
  assert.ok(isSuccess(await reset(stranger(bench), spa, mail, after)))
  for (const browser of [other, third]) assert.notEqual((await browser.look('/account/')).status, 200)
})

onAllStores('the audit keeps its order, and its chain', async (open) => {
  const bench = await open()
  await person(bench, 'ana@example.org')
  await letterFor(bench, spa, 'ana@example.org')
  await bench.audit.seal()
  back(bench)
  await letterFor(bench, classic, 'ana@example.org')
  await bench.audit.seal()
  const walked = await verify(bench.store, bench.kit.keys, (finding) => assert.fail(sentence(finding)))
  assert.equal(walked.unsealed, 0)
  const events = await eventsOf(bench)
  assert.ok(
    events.some(({ at }, index) => index > 0 && at < events[index - 1]!.at),
    'the times say that it was set back',
  )
  assert.ok(events.every(({ seq }, index) => index === 0 || seq > events[index - 1]!.seq))
  assert.ok(events.findLastIndex(({ flow }) => flow === 'spa') < events.findIndex(({ flow }) => flow === 'classic'))
})

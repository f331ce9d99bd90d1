/**
 * A secret must be replaced from time to time, and at once when it leaked. Where that kills what people hold in their
 * hands, nobody does it: Rails and Django went years without a way, so that secrets of the first day still sign today.
 * And where it sets the counts of wrong codes to nothing, every rotation is a fresh set of guesses. So here everything
 * that was made under the old secret goes on under the new one, the limits go on, and when the old secret is dropped
 * without a successor's grace, as after a leak, everything that hung on it is dead and nothing is stuck.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { digest } from '../../src/engine/keys.ts'
import { classic, code, stateless } from '../../src/flows/index.ts'
import { codeIn, type TestBrowser, type TestOptions, type TestRecovery } from '../../src/testing/index.ts'
import {
  after,
  allFlows,
  ask,
  askApi,
  type Bench,
  before,
  eventsOf,
  isSuccess,
  letterFor,
  linkBody,
  linkFlows,
  linkOf,
  onEachStore,
  openBench,
  person,
  reset,
  rowsIn,
  stranger,
  submit,
} from './kit.ts'

const old = 'Vq7-the-first-secret-of-this-house-1xK'
const next = 'Zr2-the-second-secret-of-the-house-9mB'
const last = 'Lw5-the-third-secret-of-that-house-4tN'

/** The same database, opened by a process that has these secrets; closed when the story is over. */
async function turned<T>(
  bench: Bench,
  secrets: TestOptions & { secret: string },
  story: (other: Bench) => Promise<T>,
): Promise<T> {
  const other = await openBench(bench.file, { ...secrets, database: bench.database, clock: bench.clock })
  try {
    return await story(other)
  } finally {
    await other.close()
  }
}

/** The same browser before another process: its cookies go with it. */
function movedTo(recovery: TestRecovery, browser: TestBrowser): TestBrowser {
  const moved = stranger(recovery)
  for (const [name, value] of browser.jar) moved.jar.set(name, value)
  return moved
}

const heir = { secret: next, secretFallbacks: [old] }
const sameOrigin = { 'sec-fetch-site': 'same-origin' }

onEachStore('links, codes and grants from before a rotation set the password after it', async (open) => {
  const bench = await open({ secret: old })
  for (const stage of ['proof', 'grant'] as const) {
    const held: { flow: (typeof allFlows)[number]; body: Record<string, string> }[] = []
    for (const flow of allFlows) {
      const email = `${stage}.${flow.name}@example.org`
      await person(bench, email)
      const { body: asked } = await askApi(stranger(bench), flow, email)
      const mail = (await bench.mail())!
      const isCode = flow.proof.kind === 'code'
      const proof = isCode ? { flow_id: asked.flow_id, email, code: codeIn(mail) } : linkBody(flow, mail)
      if (stage === 'proof') held.push({ flow, body: proof })
      else {
        const { body } = await stranger(bench).json(`/api/flows/${flow.name}/prove`, proof)
        held.push({ flow, body: { grant: body.grant } })
      }
    }
    await turned(bench, heir, async (other) => {
      for (const { flow, body } of held) {
        const api = `/api/flows/${flow.name}`
        const proved = 'grant' in body ? body : (await stranger(other).json(`${api}/prove`, body)).body
        const changed = await stranger(other).json(`${api}/change`, { grant: proved.grant, password: after })
        assert.equal(changed.status, 200, `${flow.name}: ${stage}`)
      }
    })
  }
})

onEachStore('a visitor on the way notices nothing: form, browser, ask, leave, session, known device', async (open) => {
  const flows = [stateless, code, { ...classic, after: { login: true } }]
  const bench = await open({ secret: old, flows })
  await person(bench, 'ana@example.org')
  const browser = stranger(bench)
  await submit(browser, '/login/', { username: 'ana@example.org', password: before })
  const waiting = stranger(bench)
  await ask(waiting, code, 'ana@example.org')
  const mail = (await bench.mail())!
  const form = stranger(bench)
  const token = /name="csrf_token" value="([^"]+)"/.exec((await form.get(classic.routes.ask)).text)![1]!
  const link = await letterFor(bench, classic, 'ana@example.org')
  const leave = stranger(bench)
  const { location } = await leave.look(linkOf(classic, link).link)

  await turned(bench, { ...heir, flows }, async (other) => {
    assert.match((await movedTo(other, browser).get('/account/')).text, /ana@example\.org/)
    const posted = { email: 'ana@example.org', csrf_token: token }
    assert.equal((await movedTo(other, form).post(classic.routes.ask, posted, sameOrigin)).status, 303)
    // The wait for a resend goes on, and the code page knows the address and takes the code.
    const here = movedTo(other, waiting)
    const again = await here.post(code.routes.ask, {
      ...{ email: 'ana@example.org', resend: '1' },
      csrf_token: /name="csrf_token" value="([^"]+)"/.exec((await here.get(code.routes.code)).text)![1]!,
    })
    assert.equal(again.status, 429)
    assert.match((await here.get(code.routes.code)).text, /value="ana@example\.org"/)
    const typed = await submit(here, code.routes.code, { code: codeIn(mail) }, code.routes.code)
    assert.equal(typed.status, 303)
    // The leave from before sets the password and logs in; the other session ends with it, under whichever secret.
    const setter = movedTo(other, leave)
    const fields = { new_password1: after, new_password2: after }
    assert.ok(isSuccess(await submit(setter, location!, fields)))
    assert.match((await setter.get('/account/')).text, /ana@example\.org/)
    assert.doesNotMatch((await movedTo(other, browser).get('/account/')).text, /ana@example\.org/)
    const out = movedTo(other, setter)
    await submit(out, '/account/', {}, '/logout/')
    assert.doesNotMatch((await setter.get('/account/')).text, /ana@example\.org/)
  })
})

onEachStore('a letter that was queued before a rotation goes out after it, and its link works', async (open) => {
  const bench = await open({ secret: old })
  for (const flow of linkFlows) {
    await person(bench, `${flow.name}@example.org`)
    await ask(stranger(bench), flow, `${flow.name}@example.org`)
  }
  await turned(bench, heir, async (other) => {
    await other.mail()
    assert.equal(other.letters.length, linkFlows.length)
    for (const flow of linkFlows) {
      const mail = other.letters.find((one) => one.to === `${flow.name}@example.org`)!
      assert.ok(isSuccess(await reset(stranger(other), flow, mail, after)), flow.name)
    }
  })
})

onEachStore('a new secret makes what is new, and its key stands beside it', async (open) => {
  const bench = await open({ secret: old })
  await person(bench, 'ana@example.org')
  const first = (await askApi(stranger(bench), classic, 'ana@example.org')).body
  await turned(bench, heir, async (other) => {
    await askApi(stranger(other), classic, 'ana@example.org')
    const opened = (await eventsOf(other)).filter(({ name }) => name === 'challenge.opened')
    const rows = await Promise.all(opened.map((one) => other.store.challenge(one.challengeId!)))
    const [was, is] = [bench.kit.keys.current.id, other.kit.keys.current.id]
    assert.notEqual(was, is)
    assert.deepEqual(
      rows.map((one) => one!.keyId),
      [was, is],
    )
    assert.equal(new Set(opened.map((one) => one.addressKey)).size, 1, 'one address is one in the audit')
  })
  assert.ok(first.flow_id)
})

onEachStore('two processes in the midst of a rotation take what the other made', async (open) => {
  const bench = await open({ secret: old, secretFallbacks: [next] })
  await person(bench, 'ana@example.org')
  await person(bench, 'bob@example.org')
  await turned(bench, heir, async (other) => {
    const fromOther = await letterFor(other, classic, 'ana@example.org')
    const fromHere = await letterFor(bench, stateless, 'bob@example.org')
    assert.ok(isSuccess(await reset(stranger(bench), classic, fromOther, after)))
    assert.ok(isSuccess(await reset(stranger(other), stateless, fromHere, after)))
  })
})

/** Types a wrong code so many times, five for each code, and answers the last right one. */
async function guessWrongly(bench: Bench, email: string, times: number): Promise<void> {
  for (let typed = 0; typed < times; typed += 5) {
    const { body } = await askApi(stranger(bench), code, email)
    const right = codeIn((await bench.mail())!)
    const wrong = right.replace(/\d$/, (digit) => String((Number(digit) + 1) % 10))
    for (let at = 0; at < 5; at++) {
      await stranger(bench).json('/api/flows/code/prove', { flow_id: body.flow_id, email, code: wrong })
    }
  }
}

onEachStore('no step of a rotation gives back a guess: neither the new secret nor the end of the old', async (open) => {
  const bench = await open({ secret: old })
  for (const name of ['ana', 'bob']) await person(bench, `${name}@example.org`)
  // Asked for before, so that a right code is at hand that nobody has tried yet.
  const { body } = await askApi(stranger(bench), code, 'ana@example.org')
  const right = { flow_id: body.flow_id, email: 'ana@example.org', code: codeIn((await bench.mail())!) }
  await guessWrongly(bench, 'ana@example.org', 10)
  for (let tried = 0; tried < 10; tried++) {
    await submit(stranger(bench), '/login/', { username: 'bob@example.org', password: 'not the password' })
  }
  const crowd = bench.browser({ address: '192.0.2.77' })
  for (let asked = 0; asked < 20; asked++) await askApi(crowd, classic, `somebody${asked}@example.org`)

  const steps = [heir, { secret: next }, { secret: last, secretFallbacks: [next] }, { secret: last }]
  for (const [step, secrets] of steps.entries()) {
    await turned(bench, secrets, async (other) => {
      if (step === 0) {
        const tried = await stranger(other).json('/api/flows/code/prove', right)
        assert.equal(tried.body.code, 'code-dead', 'the right one, after ten wrong ones')
      }
      const owner = await submit(stranger(other), '/login/', { username: 'bob@example.org', password: before })
      assert.equal(owner.status, 429, `step ${step + 1}`)
      const one = await askApi(other.browser({ address: '192.0.2.77' }), classic, `more${step}@example.org`)
      assert.equal(one.status, 429, `step ${step + 1}`)
      // Six letters in a quarter of an hour, and three are gone.
      if (step === 2) return
      // They carry links, not codes: the count of wrong ones is still full.
      await askApi(stranger(other), code, 'ana@example.org')
      const mail = (await other.mail())!
      assert.equal(mail.subject, `${code.brand.name} - Password Reset Link`, `step ${step + 1}`)
    })
  }
})

onEachStore('a secret that is dropped at once takes everything with it, and nothing is stuck', async (open) => {
  const bench = await open({ secret: old, flows: [classic, stateless, code] })
  const email = 'ana@example.org'
  const id = await person(bench, email)
  await person(bench, 'bob@example.org')
  const signedIn = stranger(bench)
  await submit(signedIn, '/login/', { username: email, password: before })
  const link = linkBody(classic, await letterFor(bench, classic, email))
  const signed = linkBody(stateless, await letterFor(bench, stateless, email))
  const { body } = await askApi(stranger(bench), code, email)
  const typed = { flow_id: body.flow_id, email, code: codeIn((await bench.mail())!) }
  const { grant } = (await stranger(bench).json('/api/flows/classic/prove', link)).body
  // A notice and a proof letter wait in the outbox.
  const theirs = await letterFor(bench, stateless, 'bob@example.org')
  await reset(stranger(bench), stateless, theirs, after)
  await askApi(stranger(bench), classic, email)

  await turned(bench, { secret: next }, async (other) => {
    const post = (path: string, sent: object) => stranger(other).json(path, sent)
    assert.equal((await post('/api/flows/classic/prove', link)).status, 410)
    assert.equal((await post('/api/flows/stateless/prove', signed)).status, 410)
    assert.equal((await post('/api/flows/code/prove', typed)).body.code, 'code-dead')
    assert.equal((await post('/api/flows/classic/change', { grant, password: after })).status, 410)
    assert.doesNotMatch((await movedTo(other, signedIn).get('/account/')).text, /ana@example\.org/)
    assert.ok(await other.hasher.verify((await other.accounts.byId(id))!.passwordHash, before))

    await other.mail()
    assert.equal(other.letters.length, 0)
    const dropped = (await eventsOf(other)).filter(({ name }) => name === 'letter.dropped')
    assert.deepEqual(
      dropped.map((one) => one.because),
      ['key is gone', 'key is gone'],
    )
    assert.equal(await other.store.nextDue(other.clock.now()), null)
    // And the way in is open, for whom it is.
    const fresh = await letterFor(other, classic, email)
    assert.ok(isSuccess(await reset(stranger(other), classic, fresh, after)))
  })
})

onEachStore('who starts first at the same time as another makes one key with it', async (open) => {
  const bench = await open({ secret: old })
  const secrets = { secret: next, database: bench.database, clock: bench.clock }
  const others = await Promise.all([1, 2, 3].map(() => openBench(bench.file, secrets)))
  try {
    const keys = others.map((other) => digest(other.kit.keys.lasting, 'limit', ['one']))
    assert.equal(new Set(keys).size, 1)
    assert.notEqual(keys[0], digest(bench.kit.keys.lasting, 'limit', ['one']))
  } finally {
    for (const other of others) await other.close()
  }
  // A forerunner that was forgotten at the first start counts again as soon as it is named.
  await turned(bench, heir, async (other) => {
    const now = digest(other.kit.keys.lasting, 'limit', ['one'])
    assert.equal(now, digest(bench.kit.keys.lasting, 'limit', ['one']))
  })
  await turned(bench, { secret: next }, async (other) => {
    assert.equal(digest(other.kit.keys.lasting, 'limit', ['one']), digest(bench.kit.keys.lasting, 'limit', ['one']))
  })
})

onEachStore('the key of counts stands in the database sealed, and under no secret but those named', async (open) => {
  const bench = await open({ secret: old })
  const settings = await bench.store.settings()
  assert.deepEqual(
    settings.map(({ name }) => name),
    [`key.${bench.kit.keys.current.id}`],
  )
  if (bench.file === '') return
  const everything = JSON.stringify(rowsIn(bench))
  const bytes = (purpose: 'limit' | 'address') => bench.kit.keys.lasting.of(purpose).export()
  for (const encoding of ['hex', 'base64', 'base64url'] as const) {
    for (const purpose of ['limit', 'address'] as const)
      assert.ok(!everything.includes(bytes(purpose).toString(encoding)))
  }
})

test('docs/keys.md tells every purpose that there is, and no other', () => {
  const source = readFileSync('src/engine/keys.ts', 'utf8')
  const union = /export type Purpose =([\s\S]*?)\n\n/.exec(source)![1]!
  const purposes = [...union.matchAll(/'([\w-]+)'/g)].map(([, name]) => name)
  const rows = [...readFileSync('docs/keys.md', 'utf8').matchAll(/^\| `([\w-]+)` \|/gm)].map(([, name]) => name)
  assert.ok(purposes.length > 10)
  assert.deepEqual(rows.toSorted(), purposes.toSorted())
})

/**
 * A link, a code and the leave to set a password must die with whatever made them good: use, time, another change of the
 * password, a change of the address, a closed account. Cloud Foundry's links outlived a change of e-mail address
 * (CVE-2015-3189), so whoever had read the old mailbox took the account later; Shopware accepted the older of two links
 * (CVE-2022-24892); Zulip looked at the time when a link was opened and not when the form was sent (CVE-2021-43791);
 * Vikunja's clean-up never matched, so that old links stayed good for ever (CVE-2026-28268); Drupal's link for one
 * account opened every account with the same password hash (CVE-2015-2559). Here each cause is brought about behind the
 * product's back, by SQL, or by another flow, and the dead proof is tried at every door.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Flow } from '../../src/engine/flow.ts'
import { classic, code, spa, stateless, verified } from '../../src/flows/index.ts'
import { codeIn } from '../../src/testing/index.ts'
import {
  after,
  allFlows,
  askApi,
  type Bench,
  before,
  inMemory,
  isSuccess,
  letterFor,
  linkBody,
  linkFlows,
  onAllStores,
  onSqlite,
  origin,
  person,
  reset,
  rowsIn,
  sql,
  stranger,
} from './kit.ts'

/** What a letter gives its reader: in a link or typed; and what that gives in turn, the leave to set a password. */
type Held = { readonly flow: Flow; readonly id: string; readonly email: string; readonly body: Record<string, string> }

async function hold(bench: Bench, flow: Flow, email: string, id: string): Promise<Held> {
  if (flow.proof.kind !== 'code') {
    return { flow, id, email, body: linkBody(flow, await letterFor(bench, flow, email)) }
  }
  await bench.mail()
  const { body } = await askApi(stranger(bench), flow, email)
  const mail = (await bench.mail())!
  assert.equal(mail.to, email)
  return { flow, id, email, body: { flow_id: body.flow_id, email, code: codeIn(mail) } }
}

async function toGrant(bench: Bench, held: Held): Promise<Held> {
  const proved = await stranger(bench).json(`/api/flows/${held.flow.name}/prove`, held.body)
  assert.equal(proved.status, 200)
  return { ...held, body: { grant: proved.body.grant } }
}

/** Tries to set the password with what is held; answers whether that worked. */
async function use(bench: Bench, held: Held, password = after): Promise<boolean> {
  const last = 'code' in held.body ? await provedOrNot(bench, held) : held
  if (!last) return false
  const answer = await stranger(bench).json(`/api/flows/${held.flow.name}/change`, { ...last.body, password })
  assert.ok(answer.status < 500)
  return isSuccess(answer)
}

async function provedOrNot(bench: Bench, held: Held): Promise<Held | null> {
  const proved = await stranger(bench).json(`/api/flows/${held.flow.name}/prove`, held.body)
  return proved.status === 200 ? { ...held, body: { grant: proved.body.grant } } : null
}

/** Tries every door; all are shut, say the same, and the password stays what it is. */
async function assertDead(bench: Bench, held: Held, why: string, flow = held.flow): Promise<void> {
  const passwordHash = (await bench.accounts.byId(held.id))?.passwordHash
  const browser = stranger(bench)
  const change = await browser.json(`/api/flows/${flow.name}/change`, { ...changing(held), password: after })
  const prove = await browser.json(`/api/flows/${flow.name}/prove`, 'grant' in held.body ? {} : held.body)
  if ('grant' in held.body) {
    assert.equal(change.body.code, 'session-expired', why)
  } else if ('code' in held.body) {
    assert.equal(prove.body.code, 'code-dead', why)
  } else {
    assert.equal(change.body.code, 'link-dead', why)
    assert.equal(prove.body.code, 'link-dead', why)
    await assertDeadPages(bench, flow, held.body as { token: string; uid?: string }, why)
  }
  assert.equal((await bench.accounts.byId(held.id))?.passwordHash, passwordHash, why)
}

const changing = ({ body }: Held): object => ('grant' in body || 'token' in body ? body : { grant: body.code })

async function assertDeadPages(bench: Bench, flow: Flow, body: { token: string; uid?: string }, why: string) {
  const browser = stranger(bench)
  if (flow.face === 'json') {
    const answer = await browser.json(flow.routes.change, { token: body.token, new_password: after })
    assert.equal(answer.status, 400, why)
    assert.equal(answer.body.error, 'Invalid or expired token', why)
    return
  }
  for (const path of flow.routes.link) {
    if (path.includes(':uid') && body.uid === undefined) continue
    const filled = path.replace(':uid', body.uid ?? '').replace(':token', body.token)
    const at = path.includes(':token') ? filled : `${filled}?${flow.fields.token}=${body.token}`
    const seen = await browser.look(at)
    assert.equal(seen.status, 410, why)
    assert.match(seen.text, /Invalid or expired link/)
    const fields = { [flow.fields.password]: after, [flow.fields.confirm]: after }
    const sent = await browser.post(filled, path.includes(':token') ? fields : { ...fields, token: body.token })
    assert.equal(sent.status, 410, why)
    assert.match(sent.text, /Invalid or expired link/)
  }
}

// Causes

type Cause = { readonly name: string; readonly only?: Flow; bring(bench: Bench, held: Held): void | Promise<void> }

const fresh = 'In-Between-64!'

/** Through another flow than the one under test. */
async function resetByAnotherFlow(bench: Bench, { flow, email }: Held): Promise<void> {
  const other = flow.name === 'spa' ? classic : spa
  assert.ok(isSuccess(await reset(stranger(bench), other, await letterFor(bench, other, email), fresh)))
}

const everywhere: readonly Cause[] = [
  {
    name: 'use',
    async bring(bench, held) {
      const used = 'code' in held.body ? await toGrant(bench, held) : held
      assert.equal(await use(bench, used, fresh), true)
    },
  },
  { name: 'a change of the password by another flow', bring: resetByAnotherFlow },
]

const bySql: readonly Cause[] = [
  {
    name: 'a change of the password by the application',
    bring: async (bench, { id }) =>
      sql(bench, 'UPDATE users SET password_hash = ? WHERE id = ?', await bench.hasher.hash(fresh), id),
  },
  {
    name: 'the removal of the password',
    bring: (bench, { id }) => sql(bench, 'UPDATE users SET password_hash = NULL WHERE id = ?', id),
  },
  {
    name: 'a change of the address',
    bring: (bench, { id }) => sql(bench, `UPDATE users SET email = 'moved' || id || '@example.net' WHERE id = ?`, id),
  },
  {
    name: 'a change of the address in its capitals alone',
    bring: (bench, { id }) => sql(bench, 'UPDATE users SET email = upper(email) WHERE id = ?', id),
  },
  { name: 'deactivation', bring: (bench, { id }) => sql(bench, 'UPDATE users SET is_active = 0 WHERE id = ?', id) },
  { name: 'deletion', bring: (bench, { id }) => sql(bench, 'DELETE FROM users WHERE id = ?', id) },
  {
    name: 'the loss of verification',
    only: verified,
    bring: (bench, { id }) => sql(bench, 'UPDATE users SET email_verified = 0 WHERE id = ?', id),
  },
  {
    name: "an empty column in the application's own table",
    only: verified,
    bring: (bench, { id }) => sql(bench, 'UPDATE users SET reset_token = NULL WHERE id = ?', id),
  },
  {
    name: "another value in the application's own table",
    only: verified,
    bring: (bench, { id }) =>
      sql(bench, `UPDATE users SET reset_token = substr(reset_token, 2) || substr(reset_token, 1, 1) WHERE id = ?`, id),
  },
]

for (const flow of allFlows) {
  const bringEach = async (bench: Bench, causes: readonly Cause[]): Promise<void> => {
    let count = 0
    for (const cause of causes.filter(({ only }) => only === undefined || only === flow)) {
      for (const kind of ['proof', 'grant'] as const) {
        const email = `person.${++count}@example.org`
        const id = await person(bench, email)
        const proof = await hold(bench, flow, email, id)
        const held = kind === 'grant' ? await toGrant(bench, proof) : proof
        await cause.bring(bench, held)
        await assertDead(bench, held, `${flow.name}: a ${kind} survives ${cause.name}`)
        bench.clock.turn({ minutes: 16 })
      }
    }
    const id = await person(bench, 'untouched@example.org')
    assert.equal(
      await use(bench, await hold(bench, flow, 'untouched@example.org', id)),
      true,
      'without a cause it lives',
    )
  }
  onAllStores(`a proof and a grant of ${flow.name} die with use and with another change`, async (open) => {
    await bringEach(await open(), everywhere)
  })
  onSqlite(
    `a proof and a grant of ${flow.name} die with the state of the account that they were made for`,
    async (open) => {
      await bringEach(await open(), bySql)
    },
  )
}

inMemory('of two links the older dies with the use of the newer, whatever their flows', async (open) => {
  for (const older of linkFlows) {
    for (const newer of allFlows) {
      const bench = await open()
      const email = 'ana@example.org'
      const id = await person(bench, email)
      const first = await hold(bench, older, email, id)
      bench.clock.turn({ minutes: 1 })
      const second = await hold(bench, newer, email, id)
      assert.equal(await use(bench, second, fresh), true)
      await assertDead(bench, first, `${older.name} survives ${newer.name}`)
    }
  }
})

// Time

onAllStores('a proof works in the last second of its life, and not in the next', async (open) => {
  const bench = await open()
  for (const [index, flow] of allFlows.entries()) {
    const people = [`early.${index}@example.org`, `late.${index}@example.org`, `forgotten.${index}@example.org`]
    const held: Held[] = []
    for (const email of people) held.push(await hold(bench, flow, email, await person(bench, email)))
    bench.clock.turn({ seconds: flow.life - 1 })
    assert.equal(await use(bench, held[0]!), true, `${flow.name}: one second before`)
    bench.clock.turn({ seconds: 1 })
    await assertDead(bench, held[1]!, `${flow.name}: at its end`)
    bench.clock.turn({ days: 3650 })
    await assertDead(bench, held[2]!, `${flow.name}: ten years later, nothing having been cleaned up`)
  }
})

onAllStores('a grant lives its own quarter of an hour from the proof, and not a second longer', async (open) => {
  const bench = await open()
  for (const [index, flow] of allFlows.entries()) {
    const grants: Held[] = []
    for (const email of [`early.${index}@example.org`, `late.${index}@example.org`]) {
      const proof = await hold(bench, flow, email, await person(bench, email))
      grants.push(proof)
    }
    bench.clock.turn({ seconds: flow.life - 1 })
    const held = [await toGrant(bench, grants[0]!), await toGrant(bench, grants[1]!)]
    bench.clock.turn({ seconds: flow.grant - 1 })
    assert.equal(await use(bench, held[0]!), true, `${flow.name}: its last second`)
    bench.clock.turn({ seconds: 1 })
    await assertDead(bench, held[1]!, `${flow.name}: its end`)
    bench.clock.turn({ minutes: 30 })
  }
})

inMemory('the time of a proof or a grant cannot be written anew by who holds it', async (open) => {
  const bench = await open()
  const email = 'ana@example.org'
  const id = await person(bench, email)
  const signed = await hold(bench, stateless, email, id)
  const [expiry = '', mac = ''] = signed.body.token!.split(/-(.*)/s)
  const later = (Number.parseInt(expiry, 36) + 86_400_000).toString(36)
  await assertDead(bench, { ...signed, body: { ...signed.body, token: `${later}-${mac}` } }, 'a link extended by hand')
  const granted = await toGrant(bench, signed)
  const parts = granted.body.grant!.split('.')
  parts[2] = (Number.parseInt(parts[2]!, 36) + 86_400_000).toString(36)
  await assertDead(bench, { ...granted, body: { grant: parts.join('.') } }, 'a grant extended by hand')
  assert.equal(await use(bench, granted), true)
})

// Rows that somebody meddled with

const meddling: readonly {
  name: string
  flows: readonly Flow[]
  with(bench: Bench, id: string, other: string): void
}[] = [
  {
    name: 'extended',
    flows: [classic, code, spa, verified],
    with: (bench) => sql(bench, 'UPDATE latchkey_challenges SET expires_at = expires_at + 600000'),
  },
  {
    name: 'moved to another account',
    flows: [classic, code, spa, verified],
    with: (bench, _, other) => sql(bench, 'UPDATE latchkey_challenges SET account_id = ?', other),
  },
  {
    name: 'made one of another flow',
    flows: [classic, code, spa, verified],
    with: (bench) =>
      sql(bench, `UPDATE latchkey_challenges SET flow = CASE flow WHEN 'classic' THEN 'spa' ELSE 'classic' END`),
  },
  {
    name: 'closed',
    flows: [classic, code, spa, verified],
    with: (bench) => sql(bench, `UPDATE latchkey_challenges SET state = 'closed'`),
  },
  {
    name: "over in the application's own column",
    flows: [verified],
    with: (bench, id) => sql(bench, 'UPDATE users SET reset_token_expiry = 1 WHERE id = ?', id),
  },
]

for (const { name, flows, with: meddle } of meddling) {
  onSqlite(`a row that was ${name} by SQL opens nothing, for anybody`, async (open) => {
    for (const flow of flows) {
      const bench = await open()
      const [email, otherEmail] = ['ana@example.org', 'eve@example.org']
      const id = await person(bench, email)
      const other = await person(bench, otherEmail)
      const held = await hold(bench, flow, email, id)
      meddle(bench, id, other)
      const hashes = rowsIn(bench).users!.map((row) => row.password_hash)
      for (const one of allFlows) {
        if (!('code' in held.body) || one === code) await assertDead(bench, held, `${flow.name}: ${name}`, one)
      }
      const uid = Buffer.from(other).toString('base64url')
      if ('uid' in held.body) {
        await assertDead(bench, { ...held, body: { ...held.body, uid } }, `${flow.name}: ${name}, as the other's`)
      }
      assert.deepEqual(
        rowsIn(bench).users!.map((row) => row.password_hash),
        hashes,
      )
    }
  })
}

onSqlite("the application's own column cannot lengthen a life, nor lend it to another account", async (open) => {
  const bench = await open()
  const id = await person(bench, 'ana@example.org')
  const eve = await person(bench, 'eve@example.org')
  const held = await hold(bench, verified, 'ana@example.org', id)
  sql(bench, 'UPDATE users SET reset_token = (SELECT reset_token FROM users WHERE id = ?) WHERE id = ?', id, eve)
  sql(bench, 'UPDATE users SET reset_token_expiry = 9999999999999')
  const eves = (await bench.accounts.byId(eve))!.passwordHash
  bench.clock.turn({ seconds: verified.life })
  await assertDead(bench, held, 'past its life, whatever the column says')
  bench.clock.turn({ seconds: -1 })
  assert.equal(await use(bench, held), true)
  assert.equal((await bench.accounts.byId(eve))!.passwordHash, eves)
})

onSqlite('a row that is opened again by SQL after its use gives no second change', async (open) => {
  for (const flow of allFlows) {
    const bench = await open()
    const id = await person(bench, 'ana@example.org')
    const proof = await hold(bench, flow, 'ana@example.org', id)
    const granted = await toGrant(bench, proof)
    assert.equal(await use(bench, granted, fresh), true)
    sql(bench, `UPDATE latchkey_challenges SET state = 'open', nonce = NULL, tries_left = 5`)
    if (flow.proof.kind !== 'code') await assertDead(bench, proof, flow.name)
    else assert.equal(await use(bench, proof), false, flow.name)
    sql(bench, `UPDATE latchkey_challenges SET state = 'proved'`)
    await assertDead(bench, granted, flow.name)
  }
})

onSqlite('two accounts with one password hash do not open each other', async (open) => {
  for (const flow of linkFlows) {
    const bench = await open()
    const id = await person(bench, 'ana@example.org')
    const twin = await person(bench, 'eve@example.org')
    const held = await hold(bench, flow, 'ana@example.org', id)
    const hash = (await bench.accounts.byId(twin))!.passwordHash
    assert.equal((await bench.accounts.byId(id))!.passwordHash, hash)
    if ('uid' in held.body) {
      const uid = Buffer.from(twin).toString('base64url')
      const program = stranger(bench)
      for (const verb of ['prove', 'change']) {
        const body = { ...held.body, uid, ...(verb === 'change' ? { password: after } : {}) }
        const answer = await program.json(`/api/flows/${flow.name}/${verb}`, body)
        assert.equal(answer.body.code, 'link-dead', `${flow.name}: with the twin's uid`)
      }
      const path = (flow as typeof classic).routes.link[0]!.replace(':uid', uid).replace(':token', held.body.token!)
      assert.equal((await program.look(path)).status, 410)
    }
    assert.equal(await use(bench, held), true)
    assert.equal((await bench.accounts.byId(twin))!.passwordHash, hash)
  }
})

// Doors of other flows

inMemory('what one flow gave opens nothing in another', async (open) => {
  const bench = await open()
  for (const flow of allFlows) {
    const email = `person.${flow.name}@example.org`
    const id = await person(bench, email)
    const proof = await hold(bench, flow, email, id)
    const others = allFlows.filter((one) => one !== flow)
    if (flow.proof.kind !== 'code') {
      for (const other of others) await assertDead(bench, proof, `a link of ${flow.name} in ${other.name}`, other)
    }
    const granted = await toGrant(bench, proof)
    for (const other of others) await assertDead(bench, granted, `a grant of ${flow.name} in ${other.name}`, other)
    assert.equal(await use(bench, granted), true, 'in its own it does')
  }
})

inMemory("a page's grant is of its own flow, and of its own account", async (open) => {
  const bench = await open()
  const [ana, eve] = ['ana@example.org', 'eve@example.org']
  await person(bench, ana)
  const eves = await person(bench, eve)
  const browser = stranger(bench)
  const opened = await browser.look((await linkFor(bench, ana)).slice(origin.length))
  const handle = new URL(opened.location!, origin).searchParams.get('c')!
  for (const other of [stateless, verified, code]) {
    const page = await browser.get(`${other.routes.set}?c=${handle}`)
    assert.equal(page.status, 410, other.name)
  }
  const mallory = stranger(bench)
  await mallory.look((await linkFor(bench, eve)).slice(origin.length))
  const [[name, value]] = [...mallory.jar].filter(([key]) => key.includes('grant_')) as [[string, string]]
  // Her own grant under the name of his: it stays hers.
  browser.jar.set([...browser.jar.keys()].find((key) => key.includes('grant_'))!, value)
  assert.ok(name.length > 0)
  const fields = { challenge: handle, new_password1: after, new_password2: after }
  await browser.post(classic.routes.set, fields, { 'sec-fetch-site': 'same-origin' })
  const hers = (await bench.accounts.byId(eves))!.passwordHash
  assert.equal(await bench.hasher.verify((await bench.accounts.byAddress(ana))[0]!.passwordHash, before), true)
  assert.equal(await bench.hasher.verify(hers, after), true)
})

async function linkFor(bench: Bench, email: string): Promise<string> {
  const { token, uid } = linkBody(classic, await letterFor(bench, classic, email))
  return `${origin}/auth/password-reset-confirm/${uid}/${token}/`
}

test('each flow says what kills its proof, the password first', () => {
  for (const flow of allFlows) {
    assert.deepEqual(flow.proof.dies.slice(0, 3), ['password', 'email', 'active'])
    assert.equal(flow.proof.dies.includes('verified'), flow.eligible === 'verified')
  }
})

/** Every verb, bound to one kit: the walk of one address from the ask to the log-out. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { caller, letters, linkIn, onBench, owner, password, refusalIn } from '../../test/verbs.ts'
import { classic, code, verified } from '../flows/index.ts'
import { issue } from './issue.ts'
import { verbs } from './verbs.ts'

const after = 'New-Harbour-83?'

test('an address walks from the ask to the log-out, and each verb answers on its way', () =>
  onBench(async ({ kit, clock, ana }) => {
    const bound = verbs(kit)
    assert.equal(bound.now(), clock.now())
    await bound.ping()
    assert.equal(await bound.overflow('request', caller), null)
    const explicit = { ...verified, disclosure: 'explicit' } as const
    assert.equal(refusalIn(await bound.lookup(explicit, 'nobody@example.org', caller)), 'address-unknown')
    const asked = { address: owner, caller, previous: null, resend: false }
    assert.ok((await bound.request(classic, asked)).ok)
    const [letter] = await letters(kit)
    const issued = await issue(kit, classic, letter!)
    assert.ok(issued.kind === 'send' && issued.proof)
    const link = linkIn(classic, issued.proof.secret)
    assert.equal(await bound.peek(classic, link), true)
    assert.equal(await bound.peek(classic, { ...link, token: 'x' }), false)
    const looked = await bound.look(classic, link, caller)
    assert.ok(looked.ok)
    assert.deepEqual(await bound.granted(classic, looked.grant), ana())
    assert.equal(await bound.granted(classic, 'no grant'), null)
    const wanted = { by: { grant: looked.grant }, password: after, confirm: after, caller }
    assert.ok((await bound.change(classic, wanted)).ok)
    assert.equal(refusalIn(await bound.login({ name: owner, password, caller })), 'login-failed')
    const entered = await bound.login({ name: owner, password: after, caller })
    assert.ok(entered.ok)
    assert.deepEqual(await bound.signedIn(entered.session), ana())
    await bound.logout(entered.session, caller)
    assert.equal(await bound.signedIn(entered.session), null)
  }))

test('a code is proved by the same kit', () =>
  onBench(async ({ kit }) => {
    const bound = verbs(kit)
    const asked = await bound.request(code, { address: owner, caller, previous: null, resend: false })
    assert.ok(asked.ok)
    const [letter] = await letters(kit)
    const issued = await issue(kit, code, letter!)
    assert.ok(issued.kind === 'send' && issued.proof)
    const typed = { flowId: asked.flowId, address: owner, code: issued.proof.secret, caller }
    const proved = await bound.prove(code, typed)
    assert.ok(proved.ok)
    assert.equal(refusalIn(await bound.prove(code, typed)), 'code-dead')
  }))

test('a store that does not answer fails the ping', () =>
  onBench(async ({ kit }) => {
    const ping = async (): Promise<never> => {
      throw new Error('gone')
    }
    await assert.rejects(verbs({ ...kit, store: { ...kit.store, ping } }).ping(), /gone/)
  }))

test('what one does with one’s own account goes by the cookie of its session', () =>
  onBench(async ({ kit, ana }) => {
    const bound = verbs(kit)
    const enter = async () => {
      const entered = await bound.login({ name: owner, password, caller })
      assert.ok(entered.ok)
      return entered.session
    }
    const [here, there] = [await enter(), await enter()]
    assert.equal(await bound.ownAccount('no session'), null)
    assert.equal((await bound.ownAccount(here))?.sessions.length, 2)
    assert.equal(await bound.endOwn(here, null, caller), true)
    assert.deepEqual([await bound.signedIn(here), await bound.signedIn(there)], [ana(), null])
    const wish = { token: here, current: password, password: after, confirm: after, caller }
    assert.ok((await bound.changeOwn(classic, wish)).ok)
    assert.equal(await bound.signedIn(here), null)
  }))

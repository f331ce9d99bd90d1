/** A change that the host's functions set: close, set, confirm, and what each of their answers comes to, at once or later. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Bench, caller, letters, linkIn, mail, onBench, password, refusalIn } from '../../test/verbs.ts'
import { spa } from '../flows/index.ts'
import { change } from './change.ts'
import { finishChanges, timesOf } from './elsewhere.ts'
import { keyring } from './keys.ts'
import { login, signedIn } from './login.ts'
import { Fault } from './outcome.ts'
import type { Account, Elsewhere, Kit, SetAnswer } from './ports.ts'
import { changeOwn } from './signed-in.ts'

const after = 'New-Harbour-83?'
const flow = { ...spa, after: { login: true } }
const timeout = 2_000
const { heldMs, givenUpMs } = timesOf({ timeout })
type Wish = Parameters<Elsewhere['set']>[0]

/** A host over the accounts of the bench. `set` and `end` are what it does when it is called. */
class Host implements Elsewhere {
  timeout = timeout
  readonly wishes: Wish[] = []
  readonly ended: unknown[] = []
  readonly warned: unknown[] = []
  readonly kit: Kit
  readonly bench: Bench
  readonly takesHash: boolean
  answer: (wish: Wish) => SetAnswer | Promise<SetAnswer>
  end: () => Promise<void> = async () => {}

  constructor(bench: Bench, takesHash = true) {
    this.bench = bench
    this.takesHash = takesHash
    this.kit = { ...bench.kit, elsewhere: this }
    this.answer = (wish) => this.put(wish)
  }
  /** Sets it, and says so or something else. */
  put({ account, hash }: Wish, answer: SetAnswer = 'set'): SetAnswer {
    this.bench.alter({ passwordHash: hash ?? `stamp ${this.wishes.length}` }, account.id)
    return answer
  }
  saying(answer: SetAnswer): Kit {
    this.answer = () => answer
    return this.kit
  }
  after(change: Partial<Account>): Kit {
    this.bench.alter(change)
    return this.kit
  }
  async set(wish: Wish): Promise<SetAnswer> {
    this.wishes.push(wish)
    return this.answer(wish)
  }
  endSessions(accountId: string, key: string): Promise<void> {
    this.ended.push([accountId, key])
    return this.end()
  }
  warn(...said: unknown[]): void {
    this.warned.push(said)
  }
}

const linkFor = async ({ kit }: Pick<Bench, 'kit'>) => linkIn(flow, (await mail(kit, flow)).secret)
type By = Awaited<ReturnType<typeof linkFor>>
const set = (kit: Kit, by: By, to = after) => change(kit, flow, { by, password: to, confirm: null, caller })

/** Reasons why passwords were not set, oldest first; `password.changed` where one was. */
const story = async ({ events }: Bench): Promise<string[]> =>
  (await events()).flatMap(({ name, because }) =>
    name === 'password.changed' ? [name] : name === 'password.refused' ? [because ?? ''] : [],
  )
const notices = async (kit: Kit) => (await letters(kit)).filter(({ kind }) => kind === 'changed').length

/** The accounts do not answer to what `when` is true of. */
const deaf = (kit: Kit, when: (call: number) => boolean): Kit => {
  let calls = 0
  const byId: Kit['accounts']['byId'] = (id) =>
    when(++calls) ? Promise.reject(new Fault('accounts', 'down')) : kit.accounts.byId(id)
  return { ...kit, accounts: { ...kit.accounts, byId } }
}

/** A host with a change under way that it never heard of, and the link that began it. */
async function cutOff(bench: Bench, takesHash = true) {
  const host = new Host(bench, takesHash)
  const by = await linkFor(bench)
  host.answer = () => Promise.reject(new Error('reset'))
  assert.equal(refusalIn(await set(host.kit, by)), 'unsettled')
  assert.deepEqual(host.warned, [], 'a host that said nothing has not lied')
  host.answer = (wish) => host.put(wish)
  return { host, by }
}

/** Whatever waits, waits no more. */
const makeDue = ({ kit, clock }: Bench) => kit.store.dueChanges(100, clock.now() + givenUpMs, clock.now())

for (const takesHash of [true, false]) {
  const given = takesHash ? 'the hash' : 'the password'
  test(`a host that takes ${given} is given it with the account as it was, ends sessions, and the proof is used`, () =>
    onBench(async (bench) => {
      const host = new Host(bench, takesHash)
      const was = bench.ana()
      const by = await linkFor(bench)
      const changed = await set(host.kit, by)
      assert.ok(changed.ok)
      const now = bench.ana()
      const [{ account, key, ...rest }] = host.wishes as [Wish]
      assert.deepEqual(account, was)
      assert.deepEqual(rest, takesHash ? { hash: now.passwordHash } : { password: after })
      assert.deepEqual(host.ended, [[was.id, key]], 'under the same key')
      assert.match(key, /^[\w-]{22}$/, 'which nobody guesses')
      assert.deepEqual(await signedIn(host.kit, changed.session!), now)
      assert.deepEqual(await bench.kit.store.history(was.id, 9), takesHash ? [was.passwordHash] : [])
      assert.deepEqual(await story(bench), ['password.changed'])
      assert.equal(await notices(bench.kit), 1)
      assert.equal(refusalIn(await set(host.kit, by, `${after}!`)), 'link-dead')
      assert.deepEqual([host.wishes.length, host.warned], [1, []])
      assert.equal(await finishChanges(host.kit), 0)
    }))

  test(`what a host that takes ${given} refuses or had changed is said, and costs no proof`, () =>
    onBench(async (bench) => {
      const host = new Host(bench, takesHash)
      const by = await linkFor(bench)
      host.answer = () => ({ refused: ['used-before', 'too-short'] })
      const refused = await set(host.kit, by)
      assert.deepEqual(refused, {
        ok: false,
        refusal: { code: 'password-refused', unmet: ['used-before', 'too-short'] },
      })
      host.answer = () => 'not-set'
      await assert.rejects(set(host.kit, by), { name: 'Fault', code: 'accounts', message: /"not-set".*Try again/ })
      host.answer = () => 'stale'
      assert.equal(refusalIn(await set(host.kit, by)), 'link-dead')
      assert.equal((await bench.last()).because, 'another was first')
      assert.deepEqual(await story(bench), ['used-before too-short', 'it could not be set', 'the account had changed'])
      assert.deepEqual([host.ended, await notices(bench.kit)], [[], 0])
      host.answer = (wish) => host.put(wish)
      assert.ok((await set(host.kit, by)).ok, 'at once')
    }))

  test(`what stands there counts, not what was answered: a host that takes ${given}`, () =>
    onBench(async (bench) => {
      const host = new Host(bench, takesHash)
      host.answer = (wish) => {
        host.put(wish)
        throw new Error('the answer is lost')
      }
      assert.ok((await set(host.kit, await linkFor(bench))).ok)
      bench.clock.turn({ minutes: 2 })
      host.answer = () => 'set'
      const by = await linkFor(bench)
      const answer = await set(host.kit, by, `${after}1`)
      assert.deepEqual(answer, { ok: false, refusal: { code: 'unsettled', retryAfter: heldMs / 1000 } })
      const [[message, { id, accountId }]] = host.warned as [Parameters<Elsewhere['warn']>]
      assert.equal(message, 'a password was "set", and accounts.byId does not show it')
      assert.deepEqual([host.warned.length, id, accountId], [1, host.wishes.at(-1)!.key, bench.ana().id])
      const other = await set(host.kit, by, `${after}2`)
      assert.deepEqual(other, answer, 'and whoever comes meanwhile waits too')
      host.timeout = 2_001
      const longer = await set(host.kit, by, `${after}3`)
      assert.equal(!longer.ok && 'retryAfter' in longer.refusal && longer.refusal.retryAfter, 16, 'whole seconds')
      assert.deepEqual(await story(bench), ['password.changed', 'another is under way', 'another is under way'])
      assert.equal(host.wishes.length, 2)
    }))

  test(`an account that changed before it was set is left as it is: a host that takes ${given}`, async () => {
    const changes: (Partial<Account> | null)[] = [
      { passwordHash: 'theirs' },
      { passwordHash: null },
      { email: 'ana@elsewhere.example' },
      { active: false },
      { verified: false },
      { secondFactor: true },
      { signOn: true },
      null,
    ]
    for (const one of changes) {
      await onBench(async (bench) => {
        const host = new Host(bench, takesHash)
        const was = bench.ana()
        const by = await linkFor(bench)
        const hash: Kit['hasher']['hash'] = async (typed) => {
          if (one) bench.alter(one)
          else bench.accounts.delete(was.id)
          return bench.kit.hasher.hash(typed)
        }
        const kit = { ...host.kit, hasher: { ...host.kit.hasher, hash } }
        assert.equal(refusalIn(await set(kit, by)), 'link-dead', JSON.stringify(one))
        assert.deepEqual(bench.ana(), one ? { ...was, ...one } : undefined)
        assert.deepEqual(host.wishes, [], 'the host is not even asked')
        assert.deepEqual(await story(bench), ['the account had changed'])
      })
    }
  })
}

test('a proof that is revoked while the hash is made reaches no host', () =>
  onBench(async (bench) => {
    const host = new Host(bench)
    const one = { ...flow, limits: { ...flow.limits, live: 1 } }
    const by = linkIn(one, (await mail(host.kit, one)).secret)
    bench.clock.turn({ minutes: 8 })
    const hash: Kit['hasher']['hash'] = async (typed) => {
      await mail(host.kit, one)
      return bench.kit.hasher.hash(typed)
    }
    const late = { ...host.kit, hasher: { ...host.kit.hasher, hash } }
    const wanted = { by, password: after, confirm: null, caller }
    assert.equal(refusalIn(await change(late, one, wanted)), 'link-dead')
    assert.equal((await bench.last()).because, 'another was first')
    assert.deepEqual([host.wishes, await story(bench)], [[], []])
  }))

test('a host that says "stale" of what it set itself a moment ago has set it, where the hash shows that it is ours', () =>
  onBench(async (bench) => {
    for (const takesHash of [true, false]) {
      const host = new Host(bench, takesHash)
      host.answer = (wish) => host.put(wish, 'stale')
      const answer = await set(host.kit, await linkFor(bench), `${after}${takesHash}`)
      assert.equal(refusalIn(answer), takesHash ? null : 'link-dead')
      bench.clock.turn({ minutes: 2 })
    }
  }))

test('accounts that do not answer before it is set cost nothing, and after it nobody is guessing', () =>
  onBench(async (bench) => {
    const host = new Host(bench)
    const by = await linkFor(bench)
    await assert.rejects(
      set(
        deaf(host.kit, (call) => call === 2),
        by,
      ),
      /down/,
    )
    assert.deepEqual([host.wishes, await story(bench)], [[], ['the accounts did not answer']])
    const last = await set(
      deaf(host.kit, (call) => call > 2),
      by,
    )
    assert.equal(refusalIn(last), 'unsettled')
    assert.deepEqual(host.warned, [], 'who does not answer does not lie')
    bench.clock.turn({ seconds: heldMs / 1000 })
    assert.equal(await finishChanges(host.kit), 1)
    assert.equal(host.wishes.length, 1, 'it stands there, and is not set again')
    assert.deepEqual((await story(bench)).slice(1), ['password.changed'])
  }))

test('where sessions cannot be ended the password is set and none is opened; it is tried again, but not for ever', () =>
  onBench(async (bench) => {
    const { kit, clock } = bench
    const host = new Host(bench)
    host.end = () => Promise.reject(new Error('no'))
    const changed = await set(host.kit, await linkFor(bench))
    assert.ok(changed.ok)
    assert.equal(changed.session, null)
    assert.equal(await finishChanges(host.kit), 0, 'not while the request may still be at it')
    clock.turn({ seconds: heldMs / 1000 })
    assert.equal(await finishChanges(host.kit), 0)
    assert.deepEqual([host.ended.length, await notices(kit)], [2, 0])
    clock.turn({ seconds: 29.999 })
    assert.equal(await finishChanges(host.kit), 0)
    assert.equal(host.ended.length, 2, 'it is let alone for half a minute')
    clock.turn({ seconds: 0.001 })
    host.end = async () => {}
    assert.equal(await finishChanges(host.kit), 1)
    assert.equal(new Set(host.ended.map(String)).size, 1, 'each time under the same key')
    assert.deepEqual([await notices(kit), await story(bench)], [1, ['password.changed']])
    assert.equal((await bench.last()).at, clock.now(), 'when it was known to be so')

    host.end = () => Promise.reject(new Error('no'))
    assert.ok((await set(host.kit, await linkFor(bench), `${after}!`)).ok)
    clock.turn({ seconds: givenUpMs / 1000 - 1 })
    assert.equal(await finishChanges(host.kit), 0)
    clock.turn({ seconds: 30 })
    assert.equal(await finishChanges(host.kit), 1, 'its owner is told in any case')
    assert.equal(await notices(kit), 1)
  }))

test('a change that was cut off is set again under its key where the hash is known', () =>
  onBench(async (bench) => {
    const { kit, clock } = bench
    const { host, by } = await cutOff(bench)
    const [pending] = await kit.store.dueChanges(1, clock.now() + heldMs, clock.now() + heldMs)
    assert.ok(!pending!.body.includes(after))
    assert.equal(pending!.begunAt, clock.now())
    clock.turn({ seconds: heldMs / 1000 })
    assert.equal(await finishChanges(kit), 0, 'without a host there is nothing to ask')
    assert.equal(await finishChanges(host.kit), 1)
    const [first, second] = host.wishes as [Wish, Wish]
    assert.deepEqual(second, first)
    assert.deepEqual(host.ended, [[bench.ana().id, first.key]])
    assert.equal(bench.ana().passwordHash, first.hash)
    assert.equal(refusalIn(await set(host.kit, by, `${after}!`)), 'link-dead')
  }))

test('where the host makes the hash, a change that was cut off is waited for, and undone when it never shows', () =>
  onBench(async (bench) => {
    const { clock } = bench
    const { host, by } = await cutOff(bench, false)
    clock.turn({ seconds: givenUpMs / 1000 - 1 })
    assert.equal(await finishChanges(host.kit), 0)
    assert.equal(host.wishes.length, 1, 'a password was kept nowhere')
    assert.equal(refusalIn(await set(host.kit, by)), 'unsettled')
    await makeDue(bench)
    clock.turn({ seconds: 1 })
    assert.equal(await finishChanges(host.kit), 1)
    assert.equal((await story(bench)).at(-1), 'it was never set')
    assert.ok((await set(host.kit, by)).ok, 'the proof is as good as before')
  }))

test('a change that was cut off is undone where the host refuses it, the account is another, or the secret is', async () => {
  const nobody = async () => null
  const ends: readonly (readonly [string, (host: Host) => Kit, number])[] = [
    ['used-before too-short', (host) => host.saying({ refused: ['used-before', 'too-short'] }), 2],
    ['the account had changed', (host) => host.saying('stale'), 2],
    ['the account had changed', ({ kit }) => ({ ...kit, accounts: { ...kit.accounts, byId: nobody } }), 1],
    ['the account had changed', (host) => host.after({ email: 'ana@elsewhere.example' }), 1],
    ['key is gone', ({ kit }) => ({ ...kit, keys: keyring('another secret, of which nothing outside hangs') }), 1],
  ]
  for (const [because, bring, asked] of ends) {
    await onBench(async (bench) => {
      const { host } = await cutOff(bench)
      const kit = bring(host)
      bench.clock.turn({ seconds: heldMs / 1000 })
      assert.equal(await finishChanges(kit), 1, because)
      const noted = await bench.last()
      assert.deepEqual([noted.name, noted.because, noted.at], ['password.refused', because, bench.clock.now()])
      assert.deepEqual([host.wishes.length, host.ended, await notices(bench.kit)], [asked, [], 0])
      assert.equal(await finishChanges(kit), 0)
    })
  }
})

test('a change that was cut off waits while the host says neither, and what it says counts where it stands there', () =>
  onBench(async (bench) => {
    const { clock } = bench
    const { host } = await cutOff(bench)
    const says: (() => SetAnswer | Promise<SetAnswer>)[] = [
      () => 'set',
      () => 'not-set',
      () => Promise.reject(new Error('reset')),
    ]
    // Its minute is not over: then it would be undone.
    const step = { seconds: 10 }
    await makeDue(bench)
    for (const answer of says) {
      host.answer = answer
      clock.turn(step)
      assert.equal(await finishChanges(host.kit), 0)
      await makeDue(bench)
    }
    clock.turn(step)
    assert.equal(await finishChanges(deaf(host.kit, () => true)), 0)
    assert.deepEqual([host.wishes.length, host.ended, await story(bench)], [4, [], []])
    await makeDue(bench)
    clock.turn(step)
    host.answer = (wish) => host.put(wish, 'stale')
    assert.equal(await finishChanges(host.kit), 1)
    assert.deepEqual(await story(bench), ['password.changed'])
  }))

test('ten changes are ended at a time', () =>
  onBench(async (bench) => {
    const host = new Host(bench)
    host.answer = () => Promise.reject(new Error('reset'))
    for (let count = 0; count < 11; count++) {
      const address = `person-${count}@example.org`
      await bench.add(address)
      const by = linkIn(flow, (await mail(bench.kit, flow, address)).secret)
      assert.equal(refusalIn(await set(host.kit, by)), 'unsettled')
    }
    host.answer = (wish) => host.put(wish)
    bench.clock.turn({ seconds: heldMs / 1000 })
    assert.deepEqual([await finishChanges(host.kit), await finishChanges(host.kit)], [10, 1])
  }))

test('a request keeps its change for five times what a call may take and five seconds, and it is given up after four of these', () =>
  assert.deepEqual(timesOf({ timeout: 2_000 }), { heldMs: 15_000, givenUpMs: 60_000 }))

test('who changes the own password while signed in is told what the host made of it', () =>
  onBench(async (bench) => {
    const host = new Host(bench)
    const entered = await login(host.kit, { name: bench.ana().email, password, caller })
    assert.ok(entered.ok)
    const own = () =>
      changeOwn(host.kit, flow, { token: entered.session, current: password, password: after, confirm: after, caller })
    host.answer = () => ({ refused: ['used-before'] })
    assert.deepEqual(await own(), { ok: false, refusal: { code: 'password-refused', unmet: ['used-before'] } })
    host.answer = () => 'stale'
    assert.equal(refusalIn(await own()), 'session-expired')
    host.answer = () => Promise.reject(new Error('reset'))
    assert.deepEqual(await own(), { ok: false, refusal: { code: 'unsettled', retryAfter: heldMs / 1000 } })
    bench.clock.turn({ seconds: heldMs / 1000 })
    host.answer = (wish) => host.put(wish)
    assert.equal(await finishChanges(host.kit), 1)
    assert.equal(await bench.kit.hasher.verify(bench.ana().passwordHash, after), true)
  }))

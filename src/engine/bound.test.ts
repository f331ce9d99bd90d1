/** A code for several accounts of one address: whom it is made for, what kills it, and what it opens. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ask, type Bench, caller, letters, mail, onBench, owner, refusalIn, stranger } from '../../test/verbs.ts'
import { classic, code, stateless } from '../flows/index.ts'
import { aChallenge } from '../stores/contract-values.ts'
import { boundAmong, boundTo, idsIn, isFor, isOfSeveral, mayShare, mostAccounts } from './bound.ts'
import { change } from './change.ts'
import type { Flow } from './flow.ts'
import { issue } from './issue.ts'
import { digest, unseal } from './keys.ts'
import type { Account, Kit } from './ports.ts'
import { codeOf, grantOf, handleOf, noAccount, uidOf } from './proof.ts'
import { prove, type Typed } from './prove.ts'
import { challengeIdOf, request } from './request.ts'

const some = (...ids: string[]): Account[] => ids.map((id) => ({ ...noAccount, id, email: owner }))

test('a binding is one account’s id or stands for several in their order, and gives their ids back', () => {
  assert.equal(boundTo(some('7')), '7')
  assert.equal(boundTo(some('7', 'a.b')), `several:${uidOf('7')}.${uidOf('a.b')}`)
  for (const ids of [['7'], ['7', '12'], ['12', '7'], ['a.b', 'several:', 'ü']]) {
    assert.deepEqual(idsIn(boundTo(some(...ids))), ids)
    assert.equal(isOfSeveral(boundTo(some(...ids))), ids.length > 1)
  }
  assert.deepEqual(idsIn(null), [])
  assert.deepEqual(idsIn('decoy:key'), ['decoy:key'])
  assert.deepEqual(idsIn('several:no base64url!'), [''])
})

test('a proof is for the accounts of its binding and no other, in the order of the binding', () => {
  const [a, b, c] = some('1', '2', '3') as [Account, Account, Account]
  const both = aChallenge({ accountId: boundTo([b, a]) })
  assert.deepEqual(
    ['1', '2', '3', ''].map((id) => isFor(both, id)),
    [true, true, false, false],
  )
  assert.equal(isFor(aChallenge({ accountId: '3' }), '3'), true)
  assert.equal(isFor(aChallenge({ accountId: null }), ''), false)
  assert.deepEqual(boundAmong(both.accountId, [a, b, c]), [b, a])
  assert.deepEqual(boundAmong(both.accountId, [c, a]), [a])
  assert.deepEqual(boundAmong(null, [a]), [])
})

test('a letter is shared by two to ten accounts that store one address to the letter, and whose ids are not too long', () => {
  assert.equal(mayShare([]), false)
  assert.equal(mayShare(some('1')), false)
  assert.equal(mayShare(some('1', '2')), true)
  const ids = Array.from({ length: mostAccounts + 1 }, (_, at) => `${at}`.padStart(36, '0'))
  assert.equal(boundTo(some(...ids.slice(1))).length, 497, 'ten UUIDs have room')
  assert.equal(mayShare(some(...ids.slice(1))), true)
  assert.equal(mayShare(some(...ids)), false)
  assert.equal(mayShare([...some('1', '2'), { ...noAccount, id: '3', email: owner.toLowerCase() }]), false)
  const short = (count: number) => some(...Array.from({ length: count }, (_, at) => `${at}`))
  assert.deepEqual([mayShare(short(10)), mayShare(short(11))], [true, false])
  const [most, tooMany] = [some('x'.repeat(375), 'yy'), some('x'.repeat(376), 'y')]
  assert.deepEqual([boundTo(most).length, boundTo(tooMany).length], [512, 513])
  assert.deepEqual([mayShare(most), mayShare(tooMany)], [true, false])
})

/** Adds an account with Ana's address, as she stores it, and answers its id. */
async function another({ add, alter, accounts }: Bench, more: Partial<Account> = {}): Promise<string> {
  const id = await add(`person-${accounts.size}@example.org`)
  alter({ email: owner, ...more }, id)
  return id
}

type Said = Partial<Typed> & Pick<Typed, 'flowId' | 'code'>
const type = (kit: Kit, said: Said, flow: Flow = code) => prove(kit, flow, { address: owner, caller, ...said })
const wrongFor = (secret: string): string => secret.replace(/\d$/, (last) => String((Number(last) + 1) % 10))

test('the letter of several has one code over all of them, names nobody, and is noted under their address', () =>
  onBench(async (bench) => {
    const { kit, ana, alter, accounts } = bench
    const bea = await another(bench, { username: 'bea' })
    alter({ locale: 'de' })
    const { flowId, issued, letter, secret } = await mail(kit, code)
    const challenge = (await kit.store.challenge(challengeIdOf(kit, flowId)))!
    assert.equal(challenge.accountId, boundTo([ana(), accounts.get(bea)!]))
    assert.equal(secret, codeOf(kit.keys.current, code, challenge, [ana(), accounts.get(bea)!]))
    assert.notEqual(secret, codeOf(kit.keys.current, code, challenge, [accounts.get(bea)!, ana()]))
    assert.ok(issued.kind === 'send')
    assert.deepEqual(issued.account, { ...noAccount, email: owner })
    assert.equal(issued.proof?.kind, 'code')
    assert.equal(issued.expiresAt, challenge.expiresAt)
    const { name, accountId, addressKey, challengeId, because } = issued.event
    assert.deepEqual([name, accountId, addressKey], ['letter.sent', null, challenge.addressKey])
    assert.deepEqual([challengeId, because], [challenge.id, null])
    assert.deepEqual(await issue(kit, code, letter), issued, 'and is the same when it is tried again')
    alter({ locale: 'de' }, bea)
    const again = await issue(kit, code, letter)
    assert.equal(again.kind === 'send' && again.account.locale, 'de', 'in the language that all of them have')
    await another(bench, { locale: 'fr' })
    const three = await mail(kit, { ...code, name: 'other' }, owner, stranger(1))
    assert.equal(three.issued.kind === 'send' && three.issued.account.locale, null, 'not of most of them')
  }))

test('the right code gives a grant for each of several accounts, in one proof, noted under their address', () =>
  onBench(async (bench) => {
    const { kit, ana, last, accounts, clock } = bench
    const bea = await another(bench)
    const { flowId, secret } = await mail(kit, code)
    const id = challengeIdOf(kit, flowId)
    const proved = await type(kit, { flowId, code: secret })
    assert.ok(proved.ok)
    const { nonce } = (await kit.store.challenge(id))!
    assert.deepEqual(
      proved.accounts,
      [ana(), accounts.get(bea)!].map((account) => {
        const grant = { challengeId: id, accountId: account.id, expiresAt: clock.now() + code.grant * 1000 }
        const made = grantOf(kit.keys.current, code, grant, nonce, account)
        return { grant: made, handle: handleOf(kit.keys, code, grant), account, expiresIn: code.grant }
      }),
    )
    const { name, accountId, addressKey, challengeId } = await last()
    const key = digest(kit.keys.lasting, 'address', ['ana@example.org'])
    assert.deepEqual([name, accountId, addressKey, challengeId], ['proof.accepted', null, key, id])
    assert.equal(refusalIn(await type(kit, { flowId, code: secret })), 'code-dead', 'it is proved once')
  }))

const set = async (kit: Kit, grant: string, to = 'A-new-kettle-18?') =>
  change(kit, code, { by: { grant }, password: to, confirm: null, caller })

test('of several grants of one proof one sets a password: the others die with it, and so does what else was mailed', () =>
  onBench(async (bench) => {
    const { kit, ana, accounts } = bench
    const bea = await another(bench)
    const by = stranger(1)
    const other = await mail(kit, code, owner, by)
    const { flowId, secret } = await mail(kit, code)
    const proved = await type(kit, { flowId, code: secret })
    assert.ok(proved.ok)
    const was = ana()
    const outcomes = await Promise.all(
      Array.from({ length: 50 }, (_, at) => set(kit, proved.accounts[at % 2]!.grant, `A-new-kettle-${at}?`)),
    )
    assert.equal(outcomes.filter(({ ok }) => ok).length, 1)
    const winner = outcomes.findIndex(({ ok }) => ok) % 2
    assert.equal(ana().passwordHash !== was.passwordHash, winner === 0)
    assert.equal(accounts.get(bea)!.passwordHash !== null, winner === 1)
    for (const { grant } of proved.accounts) assert.equal(refusalIn(await set(kit, grant)), 'session-expired')
    assert.equal((await kit.store.challenge(challengeIdOf(kit, other.flowId)))?.state, 'closed')
    assert.equal(refusalIn(await type(kit, { flowId: other.flowId, code: other.secret, caller: by })), 'code-dead')
  }))

test('a grant for one whose challenge was bound to others since sets nothing', () =>
  onBench(async (bench) => {
    const { kit, accounts, last } = bench
    await another(bench)
    const { flowId, secret } = await mail(kit, code)
    const proved = await type(kit, { flowId, code: secret })
    assert.ok(proved.ok)
    const challenge = kit.store.challenge
    const moved: Kit = {
      ...kit,
      store: {
        ...kit.store,
        challenge: async (id) => {
          const row = await challenge(id)
          return row && { ...row, accountId: proved.accounts[1]!.account.id }
        },
      },
    }
    assert.equal(refusalIn(await set(moved, proved.accounts[0]!.grant)), 'session-expired')
    assert.equal((await last()).because, 'another account')
    assert.equal(accounts.get(proved.accounts[0]!.account.id)!.passwordHash, proved.accounts[0]!.account.passwordHash)
  }))

test('a change of any of the accounts kills the code; one that has their address since neither kills it nor is opened', () =>
  onBench(async (bench) => {
    const { kit, ana, alter, accounts, last } = bench
    const bea = await another(bench)
    const { flowId, secret } = await mail(kit, code)
    const changes: [Partial<Account>, Partial<Account>][] = [
      [{ passwordHash: 'another' }, { passwordHash: null }],
      [{ active: false }, { active: true }],
      [{ signOn: true }, { signOn: false }],
      [{ email: owner.toLowerCase() }, { email: owner }],
    ]
    let tries = 5
    const assertWrong = async (what: string) => {
      assert.equal(refusalIn(await type(kit, { flowId, code: secret })), 'code-dead', what)
      const { because, accountId } = await last()
      assert.deepEqual([because, accountId], ['wrong code', null], what)
      tries--
    }
    for (const [now, before] of changes.slice(0, 3)) {
      alter(now, bea)
      await assertWrong(JSON.stringify(now))
      alter(before, bea)
    }
    alter(changes[3]![0], bea)
    await assertWrong('the address')
    alter(changes[3]![1], bea)
    assert.equal((await kit.store.challenge(challengeIdOf(kit, flowId)))?.triesLeft, tries)
    await another(bench)
    const proved = await type(kit, { flowId, code: secret })
    assert.deepEqual(proved.ok && proved.accounts.map(({ account }) => account.id), [ana().id, bea])
    const gone = await mail(kit, { ...code, name: 'other' }, owner, stranger(1))
    accounts.delete(bea)
    const typed = { flowId: gone.flowId, code: gone.secret, caller: stranger(1) }
    assert.equal(refusalIn(await type(kit, typed, { ...code, name: 'other' })), 'code-dead')
  }))

test('a code for one account is not killed by another that comes to its address, and opens the one', () =>
  onBench(async (bench) => {
    const { kit, ana } = bench
    const { flowId, secret } = await mail(kit, code)
    await another(bench)
    const proved = await type(kit, { flowId, code: secret })
    assert.deepEqual(proved.ok && proved.accounts.map(({ account }) => account.id), [ana().id])
  }))

test('who asks again for a code that was made for others than have the address by now is mailed a link for each', () =>
  onBench(async (bench) => {
    const { kit, ana, alter, clock } = bench
    const other = { ...code, name: 'other' }
    const again = async (previous: string, flow: Flow = code, by = caller) => {
      clock.turn({ seconds: 61 })
      const asked = await request(kit, flow, { address: owner, caller: by, previous, resend: true })
      assert.ok(asked.ok)
      const [letter] = (await letters(kit)).filter(({ kind }) => kind === 'proof')
      return issue(kit, flow, letter!)
    }
    const idsOf = (issued: Awaited<ReturnType<typeof issue>>) =>
      issued.kind === 'split' ? issued.settlement.letters.map(({ accountId }) => accountId) : issued.kind
    const first = await mail(kit, code)
    const bea = await another(bench)
    assert.deepEqual(idsOf(await again(first.flowId)), [ana().id, bea], 'one became two')
    clock.turn({ minutes: 20 })
    const second = await mail(kit, code)
    const same = await again(second.flowId)
    assert.equal(same.kind === 'send' && same.proof?.secret, second.secret, 'the same code for the same accounts')
    alter({ active: false }, bea)
    assert.deepEqual(idsOf(await again(second.flowId)), [ana().id], 'two became one')
    alter({ active: true }, bea)
    alter({ active: false })
    const third = await mail(kit, other, owner, stranger(1))
    alter({ active: true })
    assert.deepEqual(
      idsOf(await again(third.flowId, other, stranger(1))),
      [ana().id, bea],
      'one before it in the table',
    )
    const proved = await type(kit, { flowId: second.flowId, code: second.secret })
    assert.ok(proved.ok)
  }))

test('a letter for several comes too late: dropped when its code is gone or was proved, expired with too little left', () =>
  onBench(async (bench) => {
    const { kit, clock, accounts } = bench
    await another(bench)
    const { flowId, letter, secret } = await mail(kit, code)
    const dropped = async (one = letter) => {
      const issued = await issue(kit, code, one)
      return issued.kind === 'drop' && [issued.event.name, issued.event.because, issued.event.accountId]
    }
    assert.deepEqual(await dropped({ ...letter, challengeId: 'gone' }), ['letter.dropped', 'challenge is gone', null])
    const proved = await type(kit, { flowId, code: secret })
    assert.ok(proved.ok)
    assert.deepEqual(await dropped(), ['letter.dropped', 'challenge is closed', null])
    const cara = await another(bench)
    assert.deepEqual(await dropped(), ['letter.dropped', 'challenge is closed', null], 'nor is one split that was used')
    accounts.delete(cara)
    clock.turn({ minutes: 14 })
    assert.deepEqual(await dropped(), ['letter.expired', 'too little time left', null])
  }))

test('a letter whose code is used between two looks at it is dropped, and no links go out in its place', () =>
  onBench(async (bench) => {
    const { kit } = bench
    await another(bench)
    const { flowId, letter, secret } = await mail(kit, code)
    const challenge: Kit['store']['challenge'] = async (id) => {
      const before = await kit.store.challenge(id)
      assert.ok((await type(kit, { flowId, code: secret })).ok)
      return before
    }
    const issued = await issue({ ...kit, store: { ...kit.store, challenge } }, code, letter)
    assert.equal(issued.kind === 'drop' && issued.event.because, 'challenge is closed')
  }))

test('where there is no code to mail, several accounts get a link each: in another browser’s name, and when codes are used up', () =>
  onBench(
    async (bench) => {
      const { kit, ana } = bench
      const bea = await another(bench)
      const one = { ...code, limits: { ...code.limits, live: 1 } }
      const first = await mail(kit, one)
      assert.match(first.secret, /^\d{6}$/)
      const elsewhere = await mail(kit, one, owner, stranger(1))
      assert.ok(elsewhere.issued.kind === 'split')
      assert.deepEqual(
        elsewhere.issued.settlement.letters.map(({ accountId }) => accountId),
        [ana().id, bea],
      )
      const [kept] = elsewhere.issued.settlement.challenges
      assert.equal(kept!.browser, null)
      for (let count = 0; count < 4; count++)
        await type(kit, { flowId: first.flowId, code: wrongFor(first.secret) }, one)
      const [told, ...more] = await letters(kit)
      assert.deepEqual([told?.kind, told?.accountId, more.length], ['too-many-tries', ana().id, 0], 'told once')
      assert.equal(unseal(kit.keys.current, told!.id, told!.sealedAddress), owner)
      const usedUp = await mail(kit, { ...code, name: 'other' }, owner, stranger(2))
      assert.equal(usedUp.issued.kind, 'split')
      assert.match((await kit.store.challenge(challengeIdOf(kit, usedUp.flowId)))!.accountId!, /^decoy:/)
      for (const flow of [classic, stateless]) {
        const { flowId, issued } = await mail(kit, flow, owner, stranger(3))
        assert.equal(issued.kind, 'split', flow.name)
        const challenge = await kit.store.challenge(challengeIdOf(kit, flowId))
        assert.equal(challenge?.accountId?.slice(0, 6), flow === classic ? 'decoy:' : undefined)
      }
    },
    { limits: { wrongCodesPerAccount: [{ max: 3, ms: 86_400_000 }] } },
  ))

test('while the letter has not had its turn, the first of several that may recover is told of too many guesses', () =>
  onBench(
    async (bench) => {
      const { kit, ana, alter } = bench
      const bea = await another(bench)
      alter({ active: false }, ana().id)
      const flowId = await ask(kit, code)
      for (let count = 0; count < 4; count++) await type(kit, { flowId, code: '000000' })
      const told = (await letters(kit)).filter(({ kind }) => kind === 'too-many-tries')
      assert.deepEqual(
        told.map(({ accountId }) => accountId),
        [bea],
      )
    },
    { limits: { wrongCodesPerAccount: [{ max: 3, ms: 86_400_000 }] } },
  ))

test('of several the first that the code is for is told of too many guesses, whoever comes before it in the table', () =>
  onBench(
    async (bench) => {
      const { kit, alter } = bench
      const [bea] = [await another(bench), await another(bench)]
      alter({ active: false })
      const { flowId, secret } = await mail(kit, code)
      alter({ active: true })
      for (let count = 0; count < 4; count++) await type(kit, { flowId, code: wrongFor(secret) })
      const told = (await letters(kit)).filter(({ kind }) => kind === 'too-many-tries')
      assert.deepEqual(
        told.map(({ accountId }) => accountId),
        [bea],
      )
    },
    { limits: { wrongCodesPerAccount: [{ max: 3, ms: 86_400_000 }] } },
  ))

test('a typed code costs two questions about accounts, whether it is for one, for several or for nobody', () =>
  onBench(async (bench) => {
    const { kit } = bench
    const asked: string[] = []
    const accounts: Kit['accounts'] = {
      ...kit.accounts,
      byId(id) {
        asked.push(`byId ${id.replace(/^decoy:.*/, 'decoy')}`)
        return kit.accounts.byId(id)
      },
      byAddress(address) {
        asked.push(`byAddress ${address.replace(/^[\w-]{22}@/, '')}`)
        return kit.accounts.byAddress(address)
      },
    }
    const counted = async (address: string, by = caller): Promise<string> => {
      const { flowId, secret } = await mail(kit, code, address, by)
      asked.length = 0
      await type({ ...kit, accounts }, { flowId, address, caller: by, code: wrongFor(secret || '000000') })
      return asked.join(' ')
    }
    assert.equal(await counted('nobody@example.org', stranger(1)), 'byId decoy byAddress nobody.invalid')
    assert.equal(await counted(owner), `byId ${bench.ana().id} byAddress nobody.invalid`)
    await another(bench)
    assert.equal(await counted(owner, stranger(2)), 'byId  byAddress ana@example.org')
  }))

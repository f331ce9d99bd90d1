/** Links of the product before: what they open, what kills them, and what kills the leave that they gave. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { caller, letters, linkIn, mail, onBench, refusalIn } from '../../test/verbs.ts'
import { classic, code, spa, stateless, verified } from '../flows/index.ts'
import { change, openGrant } from './change.ts'
import type { EarlierLink, EarlierLinks } from './earlier.ts'
import { type Flow, linkPaths, pagePaths } from './flow.ts'
import type { Account } from './ports.ts'
import { accountOf, challengeOf, grantOf, handleOf, uidOf } from './proof.ts'
import { look, openLink } from './prove.ts'

const form = /^before-(\d+)-/
const madeAt = (token: string): number => Number(form.exec(token)?.[1])
const tokenOf = (account: Account | null, at: number): string =>
  `before-${at}-${account?.passwordHash}-${account?.lastLogin ?? 'never'}-${account?.email}`

/** A product whose links live for an hour, and die with the password, the address and a log-in. */
const before: EarlierLinks = {
  paths: ['/before/:uid/:token/', '/older/:uid/:token/'],
  names({ uid, token }, at) {
    const id = accountOf(uid ?? '')
    if (!form.test(token) || id === null) return null
    return at - madeAt(token) > 3_600_000 ? [] : [`with-hyphens-${id}`, id]
  },
  isFor: ({ token }, account) => token === tokenOf(account, madeAt(token)),
  state: ({ lastLogin }) => `last log-in ${lastLogin ?? 'never'}`,
}
const linkOf = (account: Account, at: number): EarlierLink => ({ uid: uidOf(account.id), token: tokenOf(account, at) })
const withLinks = (flow: Flow): Flow => ({ ...flow, earlier: before })
const flows = [classic, spa, stateless, verified, code]
const after = 'New-Harbour-83?'

test('a link of before gives leave for the account that it was made for, and its look is noted as such', () =>
  onBench(async ({ kit, ana, clock, last }) => {
    for (const flow of flows.map(withLinks)) {
      const looked = await look(kit, flow, linkOf(ana(), clock.now()), caller)
      const grant = { challengeId: '', accountId: ana().id, expiresAt: clock.now() + flow.grant * 1000 }
      assert.deepEqual(looked, {
        ok: true,
        grant: grantOf(kit.keys.current, flow, grant, before.state(ana()), ana()),
        handle: handleOf(kit.keys, flow, grant),
        account: ana(),
        expiresIn: flow.grant,
      })
      const { name, accountId, challengeId, because } = await last()
      assert.deepEqual(
        [name, accountId, challengeId, because],
        ['link.opened', ana().id, null, 'mailed by the product before'],
      )
    }
  }))

test('a flow that takes links of before opens its own as ever, and one that does not opens none of before', () =>
  onBench(async ({ kit, ana, clock, last }) => {
    for (const flow of [classic, spa, stateless, verified]) {
      const foreign = linkOf(ana(), clock.now())
      const because = flow === stateless ? 'not genuine' : 'unknown'
      assert.deepEqual(await openLink(kit, flow, foreign), { ok: false, because, accountId: null })
      const own = linkIn(flow, (await mail(kit, flow)).secret)
      const looked = await look(kit, withLinks(flow), own, caller)
      assert.ok(looked.ok)
      const noted = await last()
      assert.deepEqual([noted.because, noted.challengeId], [null, challengeOf(own.token)])
      const opened = await openGrant(kit, withLinks(flow), looked.grant)
      assert.ok(typeof opened !== 'string', flow.name)
    }
  }))

test('a link of before opens nothing once its time is over, for another, for nobody, or for who may not recover', () =>
  onBench(async ({ kit, ana, alter, add, accounts, clock }) => {
    const flow = withLinks(classic)
    const opened = (link: EarlierLink) => openLink(kit, flow, link)
    const link = linkOf(ana(), clock.now())
    const notHis = { ok: false, because: 'not genuine, or the account has changed', accountId: null }
    const bea = accounts.get(await add('bea@example.org'))!
    assert.deepEqual(await opened({ ...link, uid: uidOf(bea.id) }), notHis)
    assert.deepEqual(await opened({ uid: uidOf('no such id'), token: tokenOf(null, clock.now()) }), notHis)
    const was = { ...ana(), lastLogin: null }
    const ends: Partial<Account>[] = [{ passwordHash: 'x' }, { email: 'x@example.org' }, { lastLogin: 'since' }]
    for (const end of ends) {
      alter(end)
      assert.deepEqual(await opened(link), notHis, JSON.stringify(end))
      alter(was)
    }
    alter({ active: false })
    assert.deepEqual(await opened(link), { ok: false, because: 'not active', accountId: ana().id })
    alter({ active: true })
    clock.turn({ minutes: 60 })
    assert.equal((await opened(link)).ok, true)
    clock.turn({ seconds: 1 })
    assert.deepEqual(await opened(link), { ok: false, because: 'expired', accountId: null })
  }))

test('whoever a link of before names, as many accounts are asked for and as much is compared', () =>
  onBench(async ({ kit, ana, clock }) => {
    const seen: (string | null)[] = []
    const accounts = {
      ...kit.accounts,
      byId(id: string) {
        seen.push(id)
        return kit.accounts.byId(id)
      },
    }
    const earlier: EarlierLinks = {
      ...before,
      isFor(link, account) {
        seen.push(account?.id ?? null)
        return before.isFor(link, account)
      },
    }
    const askedFor = async (uid: string) => {
      seen.length = 0
      await openLink({ ...kit, accounts }, { ...classic, earlier }, { ...linkOf(ana(), clock.now()), uid: uidOf(uid) })
      return [...seen]
    }
    assert.deepEqual(await askedFor('nobody'), ['with-hyphens-nobody', 'nobody', null])
    assert.deepEqual(await askedFor(ana().id), [`with-hyphens-${ana().id}`, ana().id, ana().id])
  }))

test('a link of before sets one password, by its leave or by itself, and both are then spent', () =>
  onBench(async ({ kit, ana, alter, clock, last }) => {
    const was = ana()
    for (const flow of flows.map(withLinks)) {
      alter(was)
      const link = linkOf(ana(), clock.now())
      const leave = async () => {
        const looked = await look(kit, flow, link, caller)
        assert.ok(looked.ok)
        return looked.grant
      }
      const set = (by: { grant: string } | EarlierLink) =>
        change(kit, flow, { by, password: after, confirm: null, caller })
      const [first, second] = [await leave(), await leave()]
      assert.ok((await set({ grant: first })).ok, flow.name)
      assert.equal(refusalIn(await set({ grant: second })), 'session-expired')
      assert.equal((await last()).because, 'the account has changed, or the code was proved again')
      assert.equal(refusalIn(await set(link)), 'link-dead')
      alter(was)
      assert.ok((await set(link)).ok, `${flow.name}, by itself`)
      assert.notEqual(ana().passwordHash, was.passwordHash)
      await letters(kit)
    }
  }))

test('the leave that a link of before gave dies with what its product hangs on besides, and lives as long as any', () =>
  onBench(async ({ kit, ana, alter, accounts, clock }) => {
    for (const flow of flows.map(withLinks)) {
      const looked = await look(kit, flow, linkOf(ana(), clock.now()), caller)
      assert.ok(looked.ok)
      const opened = () => openGrant(kit, flow, looked.grant)
      assert.deepEqual(await opened(), { account: ana(), challenge: null, nonce: null })
      const { earlier: _, ...without } = flow
      const refused = await openGrant(kit, without as Flow, looked.grant)
      const changed = 'the account has changed, or the code was proved again'
      assert.equal(refused, flow.proof.kind === 'signed' ? changed : 'not a grant', 'links of before are taken no more')
      alter({ lastLogin: '2026-05-06 07:08:09' })
      assert.equal(await opened(), changed)
      alter({ lastLogin: null })
      const row = ana()
      accounts.delete(row.id)
      assert.equal(await opened(), changed, 'and with the account')
      accounts.set(row.id, row)
      clock.turn({ seconds: flow.grant - 1 })
      assert.ok(typeof (await opened()) !== 'string')
      clock.turn({ seconds: 1 })
      assert.equal(await opened(), 'grant expired')
    }
  }))

test('where links of before are taken, what binds their leave binds no grant of a challenge', () =>
  onBench(async ({ kit, ana, clock }) => {
    const flow = withLinks(classic)
    const challengeId = challengeOf(linkIn(classic, (await mail(kit, classic)).secret).token)!
    const grant = { challengeId, accountId: ana().id, expiresAt: clock.now() + 60_000 }
    const opened = (bound: string | null) => openGrant(kit, flow, grantOf(kit.keys.current, flow, grant, bound, ana()))
    assert.ok(typeof (await opened(null)) !== 'string')
    assert.equal(await opened(before.state(ana())), 'the account has changed, or the code was proved again')
  }))

test('where links of before are taken, a grant of a challenge is still none of a flow without rows', () =>
  onBench(async ({ kit, ana, clock }) => {
    const { secret } = await mail(kit, classic)
    const challengeId = challengeOf(linkIn(classic, secret).token)!
    const grant = { challengeId, accountId: ana().id, expiresAt: clock.now() + 60_000 }
    const flow = withLinks(stateless)
    assert.equal(await openGrant(kit, flow, grantOf(kit.keys.current, flow, grant, null, ana())), 'not a grant')
  }))

test('a flow’s pages answer where links of before lead, after where its own do, each once', () => {
  const own = classic.routes.link
  assert.deepEqual(linkPaths(classic), own)
  const earlier = { ...before, paths: [before.paths[0], own[0]] as const }
  const flow = { ...classic, earlier } as never
  assert.deepEqual(linkPaths(flow), [...own, before.paths[0]])
  assert.ok(pagePaths(flow).includes(before.paths[0]))
})

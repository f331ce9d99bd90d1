/** Whatever is done in whatever order: a database answers as the reference in memory does, and ends with the same rows. */
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { newPostgres } from '../../test/new-postgres.ts'
import { own } from '../accounts/own.ts'
import { keyring } from '../engine/keys.ts'
import type { Account, Accounts, Challenge, Settlement, Store } from '../engine/ports.ts'
import { beginning, checkpointAfter, sealEvent, segmentOf, shortenedEvent } from '../engine/seal.ts'
import {
  aChallenge,
  aChange,
  aLetter,
  anAsk,
  anEvent,
  aRenewal,
  aSession,
  aTake,
  everything,
  freshId,
  keyIds,
  minute,
  start,
} from './contract-values.ts'
import { memory } from './memory.ts'
import { sqlite } from './sqlite.ts'

/** What is compared has nothing to do with a disk. */
const memoryOrDisk = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()

type Pair = { store: Store; accounts: Accounts }
type Story = { at: number; challenges: Challenge[]; letters: string[]; seen: Account[]; sessions: string[] }
type Step = (story: Story) => (pair: Pair) => Promise<unknown>

const few = fc.nat(3)
const pick = <T>(from: readonly T[], index: number): T | undefined => from[from.length - 1 - index]
const takesOf = (who: number) => [aTake('asks-per-caller', 4, `caller ${who}`), aTake('asks-per-network', 9, 'network')]
const windows = [
  { max: 2, ms: 5 * minute },
  { max: 5, ms: 30 * minute },
]

const ask = fc.record({ who: few, flow: few, previous: few, again: fc.boolean(), wait: fc.boolean() }).map(
  ({ who, flow, previous, again, wait }): Step =>
    (story) => {
      const { at } = story
      const challenge = aChallenge({
        flow: `flow ${flow % 2}`,
        addressKey: `address ${who % 2}`,
        browser: who > 1 ? `browser ${who}` : null,
        askedAt: at,
        mailedAt: at,
        expiresAt: at + 15 * minute,
        triesLeft: flow,
      })
      const mailed = again && pick(story.challenges, previous)
      const one = anAsk({
        at,
        challenge: flow === 3 ? null : challenge,
        letter: aLetter({ createdAt: at, challengeId: flow === 3 ? null : challenge.id }),
        refuse: takesOf(who),
        mail: { limit: 'letters-per-address', key: `mail ${who % 2}`, windows },
        reserve: who === 1 ? aTake('letters-in-reserve', 1, 'reserve') : null,
        again: mailed ? { id: mailed.id, halfLife: 7 * minute, waitUntil: wait ? minute : null } : null,
      })
      story.challenges.push(challenge)
      story.letters.push(one.letter.id)
      return ({ store }) => store.ask(one)
    },
)

const bind = fc.record({ which: fc.nat(6), who: few, live: fc.integer({ min: 1, max: 2 }) }).map(
  ({ which, who, live }): Step =>
    ({ at, challenges, seen }) => {
      const challengeId = pick(challenges, which)?.id ?? 'none'
      const column = who === 1 ? { reference: challengeId, expiresAt: at + minute } : null
      const binding = { challengeId, accountId: seen[who % 2]!.id, live, halfLife: 7 * minute, keyIds, at, column }
      return ({ store }) => store.bind(binding)
    },
)

const tryOne = fc.record({ which: few, who: few }).map(
  ({ which, who }): Step =>
    ({ at, challenges }) => {
      const takes = [aTake('wrong-codes-per-account', 3, `tries ${who}`), aTake('wrong-codes-of-all', 6, 'all')]
      const letter = aLetter({ kind: 'too-many-tries', createdAt: at })
      const notice = {
        limit: 'wrong-codes-per-account' as const,
        letter,
        queue: who !== 3,
        event: anEvent('limit.crossed', {}, at),
      }
      return ({ store }) => store.takeTry(pick(challenges, which)?.id ?? 'none', at, takes, notice)
    },
)

const prove = fc.record({ which: few, who: few }).map(
  ({ which, who }): Step =>
    ({ at, challenges }) => {
      const id = pick(challenges, which)?.id ?? 'none'
      const accepted = anEvent('proof.accepted', { challengeId: id }, at)
      return ({ store }) => store.prove(id, `nonce of ${id}`, at, [`tries ${who}`], ['all'], accepted)
    },
)

/** With what was seen of the account at the start or after the latest change, and a nonce that may be right. */
const change = fc.record({ which: fc.nat(6), who: few, fresh: fc.boolean(), nonce: fc.boolean(), row: few }).map(
  ({ which, who, fresh, nonce, row }): Step =>
    (story) => {
      const { at, challenges, seen, sessions } = story
      const account = fresh ? seen[who % 2]! : { ...seen[who % 2]!, active: who > 1 }
      const challenge = pick(challenges, which)
      const grant = challenge && row > 0 ? { ...challenge, nonce: nonce ? `nonce of ${challenge.id}` : null } : null
      const one = aChange(account, grant, {
        at,
        passwordHash: `hash ${freshId()}`,
        history: row,
        letter: aLetter({ kind: 'changed', accountId: account.id, createdAt: at }),
        forget: [`tries ${who}`],
        session: row === 2 ? aSession(account.id, { createdAt: at, expiresAt: at + 9 * minute }) : null,
      })
      if (one.session) sessions.push(one.session.id)
      return async ({ store, accounts }) => {
        const won = await store.change(one)
        seen[who % 2] = (await accounts.byId(account.id))!
        return won
      }
    },
)

const renew = fc.record({ who: few, fresh: fc.boolean() }).map(
  ({ who, fresh }): Step =>
    ({ at, seen }) => {
      const account = fresh ? seen[who % 2]! : { ...seen[who % 2]!, active: who > 1 }
      const one = aRenewal(account, `renewed ${freshId()}`, at)
      return async ({ store, accounts }) => {
        const won = await store.renewHash(one)
        seen[who % 2] = (await accounts.byId(account.id))!
        return won
      }
    },
)

const count = fc.record({ who: few, back: fc.boolean() }).map(
  ({ who, back }): Step =>
    ({ at }) => {
      const takes = [aTake('log-ins-per-account', 2, `name ${who}`), aTake('log-ins-per-network', 5, 'log-ins')]
      const crossed = who === 0 ? null : anEvent('session.refused', {}, at)
      if (back) return ({ store }) => store.giveBack([`name ${who}`], who === 2 ? ['log-ins'] : [])
      return async ({ store }) => [await store.full(takes, at), await store.take(takes, at, crossed)]
    },
)

const outbox = fc.record({ what: fc.nat(6), which: few, lease: few }).map(
  ({ what, which, lease }): Step =>
    ({ at, letters }) => {
      const name = `lease ${lease % 2}`
      const settlements: Settlement[] = [
        { kind: 'sent' },
        { kind: 'dropped' },
        { kind: 'again', at: at + minute, because: 'no answer' },
        { kind: 'given-back' },
      ]
      const settlement = settlements[what]
      if (!settlement && what === 4) return ({ store }) => store.renew(name, at + 2 * minute)
      if (!settlement) return ({ store }) => store.lease(which + 1, at, at + minute, name)
      const noted = lease === 1 ? null : anEvent('letter.sent', {}, at)
      return ({ store }) => store.settle(pick(letters, which) ?? 'none', name, at, settlement, noted)
    },
)

const rest = fc.record({ what: few, which: few }).map(
  ({ what, which }): Step =>
    ({ at, sessions, seen }) => {
      const ended = pick(sessions, which) ?? 'none'
      if (what === 0) return ({ store }) => store.endSession(ended, anEvent('session.ended', {}, at))
      if (what === 1) return ({ store }) => store.session(ended, at)
      if (what === 2) return ({ store }) => store.purge(at)
      const session = aSession(seen[which % 2]!.id, { createdAt: at, expiresAt: at + 20 * minute })
      sessions.push(session.id)
      return ({ store }) => store.openSession(session, anEvent('session.opened', {}, at))
    },
)

/** One step of the chain's life; both stores are given the same keys and salt. */
const chain = fc.record({ what: fc.nat(4), which: few }).map(
  ({ what, which }): Step =>
    ({ at, seen }) =>
    async ({ store: { audit } }) => {
      const noted = anEvent('audit.removed', {}, at)
      if (what < 2) {
        const tip = (await audit.tip()) ?? beginning
        const rows = await audit.rows(tip.last, 4 * (which + 1))
        if (rows.length === 0) return tip
        const seals = rows.map((row) => ({ ...sealEvent(auditKeys, row, 'A'.repeat(22)), at: row.at }))
        const own = seals.map(({ at: _, ...seal }) => seal)
        return [await audit.seal(segmentOf(auditKeys, tip, seals, at), own), await audit.rows(0, 1000)]
      }
      if (what === 2) {
        const whole = await audit.whole(at, which)
        const numbers = whole.map(({ number }) => number)
        const rows = await audit.rows((whole[0]?.first ?? 1) - 1, 20)
        const cut = rows.filter(({ salt }) => salt !== null).map(shortenedEvent)
        return [numbers, await audit.shorten(numbers, cut, noted)]
      }
      const whom = { accountId: seen[which % 2]!.id, addressKeys: [`address ${which % 2}`] }
      const seqs = await audit.about(whom, 0, 10)
      if (what === 3) return [seqs, await audit.erase(seqs, 'a key', noted)]
      const [oldest] = await audit.segments((await audit.checkpoint())?.number ?? 0, 1)
      return oldest && [oldest, await audit.remove(checkpointAfter(auditKeys, oldest, at), noted)]
    },
)
const auditKeys = keyring('a secret of the two stores, of which nothing hangs').current

/** Mostly on, now and then far on, now and then back. */
const turn = fc.constantFrom(1, 1000, minute / 2, minute, 6 * minute, 16 * minute, 26 * 60 * minute, -2 * minute).map(
  (ms): Step =>
    (story) => {
      story.at += ms
      return ({ store }) => store.nextDue(story.at)
    },
)

type Other = Pair & { end(): Promise<void> }

async function onSqlite(): Promise<Other> {
  const folder = mkdtempSync(join(memoryOrDisk, 'latchkey-'))
  const database = sqlite(join(folder, 'app.db'))
  await database.migrate(own, true)
  const opened = await database.open(own, true)
  const end = async (): Promise<void> => {
    await opened.store.close()
    rmSync(folder, { recursive: true })
  }
  return { ...opened, end }
}

async function onPostgres(): Promise<Other> {
  const { database, drop } = await newPostgres()
  const opened = await database.open(own, true)
  const end = async (): Promise<void> => {
    await opened.store.close()
    drop()
  }
  return { ...opened, end }
}

async function withPeople(both: readonly Pair[]): Promise<void> {
  for (const { accounts } of both) {
    const row = { username: null, passwordHash: 'hash', verified: true, active: true }
    await accounts.add([{ ...row, email: 'ana@example.org' }], start)
    await accounts.add([{ ...row, email: 'bea@example.org', passwordHash: null }], start)
  }
}

const steps = fc.array(fc.oneof(ask, ask, bind, tryOne, prove, change, renew, count, outbox, rest, chain, turn), {
  minLength: 40,
  maxLength: 150,
})

async function agrees(open: () => Promise<Other>, all: readonly Step[]): Promise<void> {
  const [reference, other] = [await memory().open(own, true), await open()]
  try {
    await withPeople([reference, other])
    const seen = await reference.accounts.list(null, 10)
    const story: Story = { at: start, challenges: [], letters: [], seen, sessions: [] }
    for (const step of all) {
      const work = step(story)
      const expected = await work(reference)
      assert.deepEqual(await work(other), expected)
    }
    const ids = story.challenges.map((one) => one.id)
    assert.deepEqual(
      await everything(other.store, ids, other.accounts),
      await everything(reference.store, ids, reference.accounts),
    )
    assert.deepEqual(await other.store.audit.rows(0, 1000), await reference.store.audit.rows(0, 1000))
    assert.deepEqual(await other.store.audit.segments(0, 1000), await reference.store.audit.segments(0, 1000))
  } finally {
    await other.end()
  }
}

for (const [name, open] of [
  ['SQLite', onSqlite],
  ['PostgreSQL', onPostgres],
] as const) {
  test(`${name} does what the reference does, whatever is done`, async () => {
    const property = fc.asyncProperty(steps, (all) => agrees(open, all))
    await fc.assert(property, { numRuns: 15, endOnFailure: true })
  })
}

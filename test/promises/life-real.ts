/** The other half of the model: does to the real thing what is done to the model, and compares what comes of it. */
import assert from 'node:assert/strict'
import { hash, verify } from '@node-rs/argon2'
import type { Caller } from '../../src/engine/audit.ts'
import type { Flow } from '../../src/engine/flow.ts'
import { issue } from '../../src/engine/issue.ts'
import { fresh, unseal } from '../../src/engine/keys.ts'
import type { Account, Database, Hasher, Kit } from '../../src/engine/ports.ts'
import { challengeIdOf } from '../../src/engine/request.ts'
import { type Verbs, verbs } from '../../src/engine/verbs.ts'
import type { MemoryDatabase } from '../../src/stores/memory.ts'
import { type TurnableClock, testClock } from '../../src/testing/index.ts'
import { allFlows, type Bench, openBench, sql } from './kit.ts'
import { firstPassword, type Grant, type Life, type Person, type Proof } from './life.ts'

/** The real hash, made cheap: what is looked for is not whether it is slow. */
export const quickHasher: Hasher = {
  hash: (password) => hash(password, { memoryCost: 8, timeCost: 1 }),
  verify: async (stored, password) => stored !== null && verify(stored, password).catch(() => false),
  matches: (stored, password) => verify(stored, password).catch(() => false),
  renews: () => false,
  refuses: () => null,
}

/** Where it lives: opened again after a crash. `file` is empty for memory. */
export type Place = { readonly database: Database; readonly file: string }

const program: Caller = { network: '', block: '', agent: '', browser: null, devices: [], locale: 'en', requestId: '' }
const addresses = ['ana@example.org', 'bea@example.org'] as const
const pick = <T>(from: readonly T[], back: number): T | undefined => from[from.length - 1 - (back % (from.length || 1))]

const sessionMs = 14 * 24 * 3600 * 1000
const leaseMs = 12_000

/** The parts of a link that a letter carried. */
function inLink(flow: Flow, link: string): { uid: string | null; token: string } {
  const url = new URL(link)
  const [uid, last] = url.pathname.split('/').filter(Boolean).slice(-2)
  const token = url.searchParams.get(flow.fields.token) ?? last ?? ''
  const holdsUid = flow.face === 'pages' && flow.routes.link[0].includes(':uid')
  return { uid: holdsUid ? (uid ?? null) : null, token }
}

export class Real {
  readonly clock: TurnableClock = testClock()
  bench!: Bench
  kit!: Kit
  verbs!: Verbs
  count = 0
  /** The flow id of the latest ask for whom by which flow, as a program would keep it. */
  latest = new Map<string, string>()
  readonly place: Place

  constructor(place: Place) {
    this.place = place
  }

  static async open(life: Life, place: Place): Promise<Real> {
    const real = new Real(place)
    life.ring = [secretOf(0)]
    await real.start(life)
    for (const email of addresses) await real.join(life, email)
    life.now = real.clock.now()
    return real
  }

  async start(life: Life): Promise<void> {
    const [secret, ...secretFallbacks] = life.ring
    const { clock } = this
    const { database, file } = this.place
    this.bench = await openBench(file, { database, secret: secret!, secretFallbacks, clock })
    // Nothing is counted but tries: counts have promises of their own.
    this.kit = { ...this.bench.kit, hasher: quickHasher, limits: null }
    this.verbs = verbs(this.kit)
  }

  close = (): Promise<void> => this.bench.close()

  async join(life: Life, email: string): Promise<void> {
    const passwordHash = await quickHasher.hash(firstPassword)
    await this.bench.accounts.add(
      [{ email, username: null, passwordHash, verified: true, active: true }],
      this.clock.now(),
    )
    const [{ id }] = (await this.bench.accounts.byAddress(email)) as [Account]
    life.accounts.push({
      id,
      email,
      hash: passwordHash,
      active: true,
      verified: true,
      exists: true,
      passwords: [firstPassword],
      column: null,
    })
  }

  async ask(life: Life, flow: Flow, who: number, again: boolean): Promise<void> {
    const address = life.accounts[who]!.email
    const key = `${flow.name} ${address}`
    const previous = again ? (this.latest.get(key) ?? null) : null
    const known = [...life.asked.values()].find(({ flowId }) => flowId === previous)
    const mailsAgain = life.mailsAgain(known, flow, address)
    const answer = await this.verbs.request(flow, { address, caller: program, previous, resend: false })
    assert.ok(answer.ok, 'an ask is taken')
    assert.equal(answer.flowId === previous, mailsAgain, 'one letter more for the same code, or a challenge of its own')
    this.latest.set(key, answer.flowId)
    if (mailsAgain) life.queued++
    else life.ask(flow, address, challengeIdOf(this.kit, answer.flowId), answer.flowId)
  }

  /** All letters that are due have their turn. A worker that dies has sent them and could not say so: they go twice. */
  async work(life: Life, dies: boolean): Promise<void> {
    const { kit } = this
    const at = life.now
    const lease = fresh(kit.random, 16)
    const leased = await kit.store.lease(1000, at, at + leaseMs, lease)
    const due = [...life.held].filter(([, until]) => until <= at)
    assert.equal(leased.length, life.queued + due.length, 'every letter that was promised has its turn, once')
    life.queued = 0
    for (const { letter } of leased) {
      life.held.set(letter.id, at + leaseMs)
      const flow = allFlows.find(({ name }) => name === letter.flow)!
      const issued = await issue(kit, flow, letter)
      if (letter.kind === 'proof') {
        const keys = kit.keys.find(letter.keyId)
        const address = keys ? unseal(keys, letter.id, letter.sealedAddress)! : ''
        const secret = life.ring[kit.keys.all.findIndex(({ id }) => id === letter.keyId)] ?? 'gone'
        const expected = life.issue(flow, address, letter.expiresAt, secret, letter.challengeId)
        assert.equal(issued.kind, expected ? 'send' : 'drop', `a letter of ${flow.name}: ${issued.event.because}`)
        if (expected && issued.kind === 'send') this.keep(life, expected, issued.account, issued.proof!)
      }
      if (dies) continue
      assert.ok(
        await kit.store.settle(
          letter.id,
          lease,
          at,
          { kind: issued.kind === 'send' ? 'sent' : 'dropped' },
          issued.event,
        ),
      )
      life.held.delete(letter.id)
    }
  }

  private keep(
    life: Life,
    expected: Omit<Proof, 'token' | 'uid'>,
    account: Account,
    proof: { kind: string; secret: string },
  ): void {
    const { flow, asked, person, kind } = expected
    assert.equal(account.id, person.id)
    assert.equal(account.email, person.email)
    assert.equal(proof.kind === 'code', kind === 'code', 'a code where it can be typed, else a link')
    const { uid, token } = kind === 'code' ? { uid: null, token: proof.secret } : inLink(flow, proof.secret)
    const same = life.proofs.find((one) => one.asked === asked && one.kind === kind && one.facts === expected.facts)
    if (same && asked) assert.equal(token, same.token, 'mailed twice, the same secret')
    else life.proofs.push({ ...expected, uid, token })
  }

  async look(life: Life, which: number): Promise<void> {
    const proof = pick(
      life.proofs.filter(({ kind }) => kind === 'link'),
      which,
    )
    if (proof) await this.lookAt(life, proof)
  }

  async lookAt(life: Life, proof: Proof): Promise<void> {
    const { flow, asked, person, uid, token } = proof
    const answer = await this.verbs.look(flow, { uid, token }, program)
    assert.equal(answer.ok, life.opens(proof), `a link of ${flow.name}`)
    if (!answer.ok) return
    assert.equal(answer.account.id, person.id)
    this.grant(life, flow, asked, person, answer.grant, 0)
  }

  private grant(life: Life, flow: Flow, asked: Proof['asked'], person: Person, text: string, nonce: number): void {
    const expiresAt = life.now + flow.grant * 1000
    life.grants.push({
      flow,
      asked,
      person,
      facts: life.facts(flow, person),
      secret: life.ring[0]!,
      expiresAt,
      nonce,
      text,
    })
  }

  /** The code as it was mailed, once or twice at the same moment; or three wrong ones. */
  async prove(life: Life, which: number, how: 'once' | 'twice' | 'wrong'): Promise<void> {
    const codes = life.proofs.filter(({ kind }) => kind === 'code')
    const proof = pick(codes, which)
    if (!proof?.asked) return
    const { flow, asked, person, token } = proof
    const code = how === 'wrong' ? `${(Number(token) + 1) % 1_000_000}`.padStart(6, '0') : token
    const typed = { flowId: asked.flowId, address: asked.address, code, caller: program }
    const times = { once: 1, twice: 2, wrong: 3 }[how]
    const expected = how !== 'wrong' && life.opens(proof) ? 1 : 0
    if (life.ring.includes(asked.secret) && life.isOpen(asked)) asked.triesLeft = Math.max(0, asked.triesLeft - times)
    const answers = await Promise.all(Array.from({ length: times }, () => this.verbs.prove(flow, typed)))
    const [won, ...more] = answers.flatMap((answer) => (answer.ok ? answer.accounts : []))
    assert.equal(won ? 1 + more.length : 0, expected, 'a code is proved once')
    if (!won) return
    assert.equal(won.account.id, person.id)
    asked.state = 'proved'
    asked.nonce++
    this.grant(life, flow, asked, person, won.grant, asked.nonce)
  }

  async change(life: Life, by: 'link' | 'grant', which: number, how: 'once' | 'twice' | 'weak'): Promise<void> {
    const links = life.proofs.filter(({ kind }) => kind === 'link')
    const held = by === 'link' ? pick(links, which) : pick(life.grants, which)
    if (held) await this.changeBy(life, held, how)
  }

  async changeBy(life: Life, held: Proof | Grant, how: 'once' | 'twice' | 'weak'): Promise<void> {
    const { flow, person } = held
    const opens = 'text' in held ? life.entitles(held) : life.opens(held)
    const by = 'text' in held ? { grant: held.text } : { uid: held.uid, token: held.token }
    const password = how === 'weak' ? 'Weak' : `Kettle-${++this.count}-Harbour!`
    const once = () => this.verbs.change(flow, { by, password, confirm: null, caller: program })
    const answers = await Promise.all(how === 'twice' ? [once(), once()] : [once()])
    const won = answers.filter(({ ok }) => ok).length
    assert.equal(won, opens && how !== 'weak' ? 1 : 0, `one proof, one change: ${flow.name} by ${Object.keys(by)[0]}`)
    const [first] = answers
    if (opens && how === 'weak') assert.equal(!first!.ok && first!.refusal.code, 'password-refused')
    if (won === 1) life.reset(person, password, (await this.bench.accounts.byId(person.id))!.passwordHash!)
  }

  turn(life: Life, minutes: number): void {
    this.clock.turn({ minutes })
    life.now = this.clock.now()
  }

  /** As an application or an administrator changes its own table, past Latchkey. */
  async outside(life: Life, who: number, what: 'active' | 'verified' | 'email' | 'password' | 'gone'): Promise<void> {
    const person = life.accounts[who]!
    if (what === 'gone') return this.leaveOrJoin(life, who)
    if (!person.exists) return
    if (what === 'active') person.active = !person.active
    if (what === 'verified') person.verified = !person.verified
    if (what === 'email') person.email = `${++this.count}.${addresses[who]!.replace('.org', '.net')}`
    if (what === 'password') {
      const password = `Elsewhere-${++this.count}-Kettle!`
      person.passwords.unshift(password)
      person.hash = await quickHasher.hash(password)
    }
    this.write(person)
  }

  private async leaveOrJoin(life: Life, who: number): Promise<void> {
    const person = life.accounts[who]!
    if (person.exists) {
      person.exists = false
      if (this.place.file === '') (this.place.database as MemoryDatabase).accounts.delete(person.id)
      else sql(this.place, 'DELETE FROM users WHERE id = ?', person.id)
      return
    }
    // Somebody else, perhaps, under the same address.
    await this.join(life, person.email)
    life.accounts[who] = life.accounts.pop()!
  }

  private write(person: Person): void {
    const { id, email, hash: passwordHash, active, verified } = person
    if (this.place.file === '') {
      const { accounts } = this.place.database as MemoryDatabase
      accounts.set(id, { ...accounts.get(id)!, email, passwordHash, active, verified })
    } else {
      const set = 'UPDATE users SET email = ?, password_hash = ?, is_active = ?, email_verified = ? WHERE id = ?'
      sql(this.place, set, email, passwordHash, Number(active), Number(verified), id)
    }
  }

  async login(life: Life, who: number, age: number): Promise<void> {
    const person = life.accounts[who]!
    const password = person.passwords[age]
    if (password === undefined) return
    const answer = await this.verbs.login({ name: person.email, password, caller: program })
    assert.equal(answer.ok, life.logsIn(person, password), `a log-in with the password ${age} back`)
    if (!answer.ok) return
    const expiresAt = life.now + sessionMs
    life.sessions.push({ person, secret: life.ring[0]!, token: answer.session, expiresAt, ended: false })
  }

  async operate(life: Life, what: 'crash' | 'rotate' | 'rotate and drop' | 'purge'): Promise<void> {
    if (what === 'purge') return void (await this.bench.store.purge(life.now))
    if (what !== 'crash') life.ring.unshift(secretOf(++this.count))
    if (what === 'rotate and drop') life.ring.length = 1
    await this.close()
    await this.start(life)
  }

  /** At the end everything that was ever held is tried once more. */
  async tryAll(life: Life): Promise<void> {
    for (const one of life.sessions) {
      const account = await this.verbs.signedIn(one.token)
      assert.equal(account !== null, life.isSignedIn(one), 'a session')
      if (account) assert.equal(account.id, one.person.id)
    }
    for (const grant of life.grants) {
      const account = await this.verbs.granted(grant.flow, grant.text)
      assert.equal(account !== null, life.entitles(grant), `a grant of ${grant.flow.name}`)
    }
    for (const proof of life.proofs) if (proof.kind === 'link') await this.lookAt(life, proof)
    for (const proof of life.proofs)
      await this.changeBy(life, proof.kind === 'link' ? proof : codeAsLink(proof), 'once')
  }
}

/** A code is no link: typed where a link's token belongs it must open nothing. */
const codeAsLink = (proof: Proof): Proof => ({ ...proof, kind: 'link', asked: null, expiresAt: 0 })

const secretOf = (count: number): string => `the secret number ${count} of a life in any order, and long enough`

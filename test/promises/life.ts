/**
 * The model of a proof's life: what is known of accounts, challenges, proofs and grants, and from that alone which of
 * them must open now. Written from what is promised, beside the engine and without any of its code but types.
 */
import type { Flow } from '../../src/engine/flow.ts'
import { before } from './kit.ts'

/** An account as the world sees it. `passwords`: newest first. */
export type Person = {
  id: string
  email: string
  hash: string
  active: boolean
  verified: boolean
  exists: boolean
  passwords: string[]
  /** The challenge whose reference stands in the table's own column. */
  column: string | null
}

/** An ask. `bound`: whom its letter found; `nobody` for one that found none. */
export type Asked = {
  readonly id: string
  readonly flow: Flow
  readonly flowId: string
  readonly address: string
  readonly askedAt: number
  readonly expiresAt: number
  readonly secret: string
  state: 'open' | 'proved' | 'closed'
  bound: Person | 'nobody' | null
  mails: string
  triesLeft: number
  /** How often a code of it was proved: what a grant is bound to. */
  nonce: number
}

/** What a letter gave its reader. `asked` is null where no row is kept. */
export type Proof = {
  readonly kind: 'link' | 'code'
  readonly flow: Flow
  readonly asked: Asked | null
  readonly person: Person
  readonly facts: string
  readonly secret: string
  readonly expiresAt: number
  readonly token: string
  readonly uid: string | null
}

/** Leave to set one password. */
export type Grant = {
  readonly flow: Flow
  readonly asked: Asked | null
  readonly person: Person
  readonly facts: string
  readonly secret: string
  readonly expiresAt: number
  readonly nonce: number
  readonly text: string
}

/** A log-in. `ended`: by a reset. */
export type Open = {
  readonly person: Person
  readonly secret: string
  readonly token: string
  readonly expiresAt: number
  ended: boolean
}

const minute = 60_000

export class Life {
  /** What one may recover by in this life. */
  readonly flows: readonly Flow[]
  now = 0
  /** Secrets in use, the current one first. */
  ring: string[] = []
  accounts: Person[] = []
  asked = new Map<string, Asked>()
  proofs: Proof[] = []
  grants: Grant[] = []
  sessions: Open[] = []
  /** Letters promised and not yet taken up by a worker; those held by a worker that died, until when. */
  queued = 0
  held = new Map<string, number>()

  constructor(flows: readonly Flow[]) {
    this.flows = flows
  }

  /** What of an account a proof of this flow hangs on. */
  facts(flow: Flow, person: Person): string {
    const all = { password: person.hash, email: person.email, active: person.active, verified: person.verified }
    return JSON.stringify([person.id, person.email, ...flow.proof.dies.map((fact) => all[fact])])
  }

  mayRecover(flow: Flow, person: Person): boolean {
    return person.exists && person.active && (flow.eligible === 'active' || person.verified)
  }

  isOpen = (asked: Asked): boolean => asked.state === 'open' && asked.expiresAt > this.now

  private isUnchanged = ({ flow, person, facts, secret }: Proof | Grant): boolean =>
    this.mayRecover(flow, person) && this.facts(flow, person) === facts && this.ring.includes(secret)

  private stands({ flow, asked, person }: Proof | Grant): boolean {
    const keeps = flow.proof.kind === 'stored' && flow.proof.keep === 'columns'
    return !keeps || asked === null || (person.column === asked.id && this.ring.includes(asked.secret))
  }

  /** Whether a link opens, or a code proves. */
  opens(proof: Proof): boolean {
    if (!this.isUnchanged(proof) || proof.expiresAt <= this.now || !this.stands(proof)) return false
    if (proof.asked === null) return true
    return this.isOpen(proof.asked) && (proof.kind === 'link' || proof.asked.triesLeft > 0)
  }

  /** Whether a grant still sets a password. */
  entitles(grant: Grant): boolean {
    if (!this.isUnchanged(grant) || grant.expiresAt <= this.now || !this.stands(grant)) return false
    return grant.asked === null || (grant.asked.state !== 'closed' && grant.asked.nonce === grant.nonce)
  }

  /** An ask was answered. One's own code is mailed again while it has more than half its life. */
  ask(flow: Flow, address: string, id: string, flowId: string): void {
    this.queued++
    if (flow.proof.kind === 'signed') return
    this.asked.set(id, {
      id,
      flow,
      flowId,
      address,
      askedAt: this.now,
      expiresAt: this.now + flow.life * 1000,
      secret: this.ring[0]!,
      state: 'open',
      bound: null,
      mails: id,
      triesLeft: flow.proof.kind === 'code' ? flow.proof.tries : 0,
      nonce: 0,
    })
  }

  /** Whether an ask that names this earlier one is answered by mailing that again. */
  mailsAgain(previous: Asked | undefined, flow: Flow, address: string): boolean {
    if (!previous || flow.proof.kind !== 'code' || previous.flow !== flow || previous.address !== address) return false
    if (!this.ring.includes(previous.secret)) return false
    return this.isOpen(previous) && previous.triesLeft > 0 && previous.expiresAt - this.now > flow.life * 500
  }

  /** A proof letter has its turn: what it must carry, or null for none. Binds the challenge as it goes. */
  issue(
    flow: Flow,
    address: string,
    expiresAt: number,
    secret: string,
    id: string | null,
  ): Omit<Proof, 'token' | 'uid'> | null {
    if (expiresAt - this.now < 2 * minute || !this.ring.includes(secret)) return null
    const asked = id === null ? null : this.asked.get(id)
    const person = this.accounts.find((one) => one.exists && one.email === address)
    if (!person || !this.mayRecover(flow, person)) {
      if (asked && this.isOpen(asked)) asked.bound ??= 'nobody'
      return null
    }
    const facts = this.facts(flow, person)
    if (flow.proof.kind === 'signed') return { kind: 'link', flow, asked: null, person, facts, secret, expiresAt }
    const mailed = asked ? this.bind(asked, person) : null
    if (!asked || !mailed || mailed.expiresAt - this.now < 2 * minute || !this.ring.includes(mailed.secret)) return null
    const isCode = flow.proof.kind === 'code' && mailed === asked && mailed.triesLeft > 0
    const { expiresAt: until, secret: made } = mailed
    return { kind: isCode ? 'code' : 'link', flow, asked: mailed, person, facts, secret: made, expiresAt: until }
  }

  /** The newest live one is mailed again when there are enough, unless the oldest is past half its life. */
  private bind(asked: Asked, person: Person): Asked | null {
    if (!this.isOpen(asked)) return null
    const { flow } = asked
    if (asked.bound === null) {
      const live = [...this.asked.values()]
        .filter((one) => one.bound === person && one.flow === flow && one.mails === one.id && this.isOpen(one))
        // One whose key is gone can be mailed no more, and takes nobody's place.
        .filter((one) => this.ring.includes(one.secret))
        .sort((a, b) => a.askedAt - b.askedAt || (a.id < b.id ? -1 : 1))
      asked.bound = person
      if (live.length >= flow.limits.live) {
        const oldest = live[0]!
        if (oldest.expiresAt - this.now < flow.life * 500) oldest.state = 'closed'
        else asked.mails = live.at(-1)!.id
      }
    }
    const mailed = this.asked.get(asked.mails)!
    if (asked.bound !== person || !this.isOpen(mailed)) return null
    const keeps = flow.proof.kind === 'stored' && flow.proof.keep === 'columns'
    if (keeps && mailed === asked) person.column = asked.id
    return mailed
  }

  /** A password was set by a proof: everything else of the account that was open ends. */
  reset(person: Person, password: string, hash: string): void {
    person.passwords.unshift(password)
    person.hash = hash
    person.column = null
    for (const one of this.asked.values()) if (one.bound === person) one.state = 'closed'
    for (const one of this.sessions) if (one.person === person) one.ended = true
    this.queued++
  }

  /** Whether this is the password by which one logs in now. */
  logsIn = (person: Person, password: string): boolean =>
    person.exists && person.active && person.passwords[0] === password

  isSignedIn({ person, secret, expiresAt, ended }: Open): boolean {
    return !ended && expiresAt > this.now && person.exists && person.active && this.ring.includes(secret)
  }
}

/** The password that everybody starts with. */
export const firstPassword = before

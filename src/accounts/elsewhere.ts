/**
 * Accounts that functions of the host keep, as the engine's port: each call has a time-out, each answer is judged before
 * it is believed. An id that nobody has costs the host the same question as one that somebody has, so that neither its
 * time nor its failure tells.
 */
import { isNobody } from '../engine/decoy.ts'
import { Fault } from '../engine/outcome.ts'
import type { Account, Accounts, Elsewhere, Hasher } from '../engine/ports.ts'
import type { AccountFunctions } from '../options.ts'
import { accountRead, idIn, reasonOf, setAnswerOf, stampIn } from './elsewhere-account.ts'
import { callMs, ofFunctions } from './elsewhere-options.ts'
import { lowerAscii, spellings } from './tidy.ts'

/** What the host's functions stand in for. `hasher` is null where our own makes and compares the hashes. */
export type HostAccounts = {
  readonly accounts: Accounts
  readonly elsewhere: Elsewhere
  readonly hasher: Hasher | null
}

type Log = (level: 'warn' | 'error', message: string, fields: Record<string, unknown>) => void

/** The ports over the host's functions. */
export function hostAccounts(given: AccountFunctions, log: Log): HostAccounts {
  const timeout = given.timeout ?? callMs.usual
  const takesHash = given.hash !== undefined
  const read = accountRead(takesHash)
  /** The latest that was somebody's: asked for in place of nobody, and thrown away. */
  let somebody: string | null = null

  async function call<T>(name: string, secret: string, work: (signal: AbortSignal) => Promise<T> | T): Promise<T> {
    const ending = new AbortController()
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        reject(new Fault('accounts', `accounts.${name} did not answer within ${timeout} ms.`))
        ending.abort()
      }, timeout)
    })
    try {
      return await Promise.race([(async () => work(ending.signal))(), late])
    } catch (error) {
      if (error instanceof Fault && error.code === 'accounts') throw error
      throw new Fault('accounts', `accounts.${name} threw: ${reasonOf(error, secret)}`, { cause: error })
    } finally {
      clearTimeout(timer)
    }
  }
  const withAddress = async (address: string): Promise<Account[]> => {
    const answer: unknown = await call('byAddress', address, (signal) => given.byAddress(address, signal))
    if (!Array.isArray(answer)) {
      throw new Fault('accounts', 'accounts.byAddress answered no array: expected accounts, or [] where there is none.')
    }
    // A search of "contains" finds others too; a letter is for whoever has the address, and nobody else.
    const has = ({ email }: Account): boolean => spellings(address).includes(lowerAscii(email))
    return answer.map((one) => read('byAddress', one)).filter(has)
  }

  const accounts: Accounts = {
    async byId(id) {
      const asked = isNobody(id) ? somebody : id
      if (asked === null) {
        await withAddress(nobodysAddress)
        return null
      }
      const answer = await call('byId', '', (signal) => given.byId(asked, signal))
      const account = answer ? read('byId', answer) : null
      if (account && account.id !== asked) {
        throw new Fault('accounts', 'accounts.byId answered an account whose "id" is not the one that was asked for.')
      }
      if (account) somebody = account.id
      return asked === id ? account : null
    },
    byAddress: withAddress,
    async byName(name) {
      const answer = await call('byName', name, (signal) => given.byName(name, signal))
      const account = answer ? read('byName', answer) : null
      const names = [account?.email, account?.username].flatMap((one) => (one ? [lowerAscii(one)] : []))
      return [...spellings(name), lowerAscii(name)].some((one) => names.includes(one)) ? account : null
    },
    add: async () => refuse(),
    list: async () => refuse(),
  }

  const elsewhere: Elsewhere = {
    timeout,
    takesHash,
    warn: (message, fields) => log('error', message, fields),
    async set({ account, key, hash = null, password = null }) {
      const expected = takesHash ? account.passwordHash : stampIn(account.passwordHash)
      const wish = { id: account.id, expected, key, hash, password }
      try {
        const answer = await call('setPassword', password ?? hash ?? '', (signal) => given.setPassword(wish, signal))
        return setAnswerOf(answer)
      } catch (error) {
        log('error', 'it is not known whether a password was set', { account: account.id, key, error: String(error) })
        throw error
      }
    },
    async endSessions(id, key) {
      try {
        await call('endSessions', '', (signal) => given.endSessions({ id, key }, signal))
      } catch (error) {
        log('error', 'sessions were not ended', { account: id, key, error: String(error) })
        throw error
      }
    },
  }
  const isRight = async (reference: string | null, password: string): Promise<boolean> => {
    const { verify } = given
    if (!verify) return false
    const id = reference === null ? nobodysId : idIn(reference)
    const right = call('verify', password, (signal) => verify({ id, password }, signal))
    // Never somebody's in their place: a directory that counts failures would lock them out.
    if (reference === null) return right.then(refused, refused)
    return (await right) === true
  }
  const hasher: Hasher = {
    // The host makes it, of the password itself.
    hash: async () => '',
    verify: isRight,
    matches: isRight,
    renews: () => false,
    refuses: () => null,
  }
  return { accounts, elsewhere, hasher: takesHash ? null : hasher }
}

/** Whom a password is verified for where the name is nobody's. */
const nobodysId = 'latchkey-nobody'
const refused = (): boolean => false

/** Asked for in place of nobody while nobody was seen; nobody can have it (RFC 6761). */
export const nobodysAddress = 'nobody@latchkey.invalid'

const refuse = (): never => {
  throw new Fault('configuration', ofFunctions)
}

/**
 * A directory of accounts as a company has one: an HTTP API of its own, on loopback, that keeps no hash where anybody can
 * see it, or one that takes hashes. It can be slow, down, rude, or say what is not so. And the five functions over it.
 */
import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { AccountFunctions, AccountGiven, PasswordAnswer } from '../../src/options.ts'

/** What it is asked for. */
export type Route = 'byId' | 'byAddress' | 'byName' | 'setPassword' | 'endSessions' | 'verify'

export type Person = {
  readonly id: string
  readonly email: string
  readonly username: string | null
  /** A hash in `hash`; else digested, as the directory pleases. */
  password: string | null
  /** How often it was changed. */
  changes: number
  sessions: number
}

type Manners = {
  /** Called before a request has any effect; what it throws breaks the connection. */
  before?: (route: Route, id: string) => Promise<void> | void
  /** Called after it has its effect, before it is answered. */
  after?: (route: Route, id: string) => Promise<void> | void
  /** What is answered in place of setting the password. */
  says?: PasswordAnswer
  /** Compares nothing: whoever sets last has set it. */
  blind?: boolean
}

export type Directory = {
  readonly url: string
  readonly people: Map<string, Person>
  manners: Manners
  /** Every request so far. */
  readonly calls: { readonly route: Route; readonly id: string; readonly key: string | null }[]
  add(email: string, password: string | null): Person
  close(): Promise<void>
}

export const digested = (password: string): string => createHash('sha256').update(password).digest('hex')

/** Starts a directory; `keeps`: whether it is given hashes, or passwords that it hashes itself. */
export async function directory(keeps: 'hash' | 'password'): Promise<Directory> {
  const people = new Map<string, Person>()
  const calls: { route: Route; id: string; key: string | null }[] = []
  const told = ({ id, email, username, password, changes }: Person): AccountGiven =>
    keeps === 'hash'
      ? { id, email, username, passwordHash: password }
      : { id, email, username, stamp: password === null ? null : `change ${changes}` }
  const made: Directory = { url: '', people, manners: {}, calls, add, close }

  function add(email: string, password: string | null): Person {
    const id = `uid=${people.size + 1},ou=people`
    const kept = password === null || keeps === 'hash' ? password : digested(password)
    const person = { id, email, username: null, password: kept, changes: 1, sessions: 2 }
    people.set(id, person)
    return person
  }

  function set(
    person: Person,
    said: { expected: string | null; hash: string | null; password: string | null },
  ): PasswordAnswer {
    const next = keeps === 'hash' ? said.hash! : digested(said.password!)
    if (made.manners.says) return made.manners.says
    const { passwordHash, stamp } = told(person)
    if (!made.manners.blind && said.expected !== (passwordHash ?? stamp ?? null)) return 'stale'
    person.password = next
    person.changes++
    return 'set'
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = ''
    for await (const chunk of request) text += chunk
    const url = new URL(request.url!, 'http://directory')
    const route = url.pathname.slice(1) as Route
    const said = text === '' ? {} : JSON.parse(text)
    const id: string = said.id ?? url.searchParams.get('of') ?? ''
    calls.push({ route, id, key: said.key ?? null })
    await made.manners.before?.(route, id)
    const person = people.get(id)
    const all = [...people.values()].map(told)
    const results: Record<Route, () => unknown> = {
      byId: () => (person ? told(person) : null),
      byAddress: () => all.filter(({ email }) => email.toLowerCase().includes(id)),
      byName: () => all.find(({ email }) => email.toLowerCase() === id) ?? null,
      setPassword: () => (person ? set(person, said) : 'stale'),
      endSessions: () => {
        if (person) person.sessions = 0
        return null
      },
      verify: () => person?.password === digested(said.password),
    }
    const result = results[route]()
    await made.manners.after?.(route, id)
    response.setHeader('content-type', 'application/json').end(JSON.stringify(result))
  }

  const server = createServer((request, response) => {
    answer(request, response).catch(() => request.socket.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  async function close(): Promise<void> {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
  return Object.assign(made, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` })
}

/** The five functions, as a host would write them. */
export function accountsAt(
  url: string,
  keeps: 'hash' | 'password',
  more: Partial<AccountFunctions> = {},
): AccountFunctions {
  const call = async <T>(route: Route, signal: AbortSignal, of: string, said?: object): Promise<T> => {
    const response = await fetch(`${url}/${route}?${new URLSearchParams({ of })}`, {
      signal,
      ...(said ? { method: 'POST', body: JSON.stringify(said) } : {}),
    })
    if (!response.ok) throw new Error(`the directory answered ${response.status}`)
    return (await response.json()) as T
  }
  return {
    byId: (id, signal) => call('byId', signal, id),
    byAddress: (address, signal) => call('byAddress', signal, address),
    byName: (name, signal) => call('byName', signal, name),
    setPassword: (wish, signal) => call('setPassword', signal, wish.id, wish),
    endSessions: (account, signal) => call('endSessions', signal, account.id, account),
    ...(keeps === 'hash'
      ? { hash: 'argon2id' as const }
      : { verify: (typed: { id: string }, signal: AbortSignal) => call<boolean>('verify', signal, typed.id, typed) }),
    ...more,
  }
}

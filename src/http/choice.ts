/** Several accounts that a code is for: the page where one of them is chosen, and what tells them apart. */
import type { Context } from 'hono'
import { mostAccounts } from '../engine/bound.ts'
import type { Account } from '../engine/ports.ts'
import { readGrant } from '../engine/proof.ts'
import * as pages from '../pages/index.ts'
import { refusalPage } from './faces.ts'
import { type Env, frameOf, type Parts } from './parts.ts'
import type { PagesFlow } from './routes.ts'

type C = Context<Env>

/** Each account's user name or, where it has none, its address; with its id, where another is called the same. */
export function namesApart(accounts: readonly Account[]): readonly string[] {
  const names = accounts.map(({ username, email }) => username ?? email)
  return names.map((name, at) =>
    names.indexOf(name) === names.lastIndexOf(name) ? name : `${name} (${accounts[at]!.id})`,
  )
}

/** The page for a new password, of the grants with these handles; of several they are joined by a dot. */
export const setPath = (flow: PagesFlow, handles: readonly string[]): string =>
  `${flow.routes.set}?c=${handles.join('.')}`

/** The handles in such a path. */
export const handlesIn = (wanted: string | undefined): readonly string[] =>
  wanted ? wanted.split('.').slice(0, mostAccounts) : []

/** "Which account?", for a browser that holds the grants; each leads to the form for its own password. */
export async function showChoice(c: C, parts: Parts, flow: PagesFlow, handles: readonly string[]): Promise<Response> {
  const grants = new Map(parts.cookies.grants(c))
  const found = await Promise.all(
    handles.map(async (handle) => ({ handle, account: await parts.verbs.granted(flow, grants.get(handle) ?? '') })),
  )
  const live = found.flatMap(({ handle, account }) => (account ? [{ handle, account }] : []))
  if (live.length === 0) return refusalPage(c, parts, flow, 'session-expired')
  const names = namesApart(live.map(({ account }) => account))
  const accounts = live.map(({ handle }, at) => ({ name: names[at]!, href: setPath(flow, [handle]) }))
  return c.html(pages.choice(frameOf(c, parts, flow), { accounts }))
}

/** The handles of all grants that came of the same proof as this one, itself among them. */
export function siblingsOf(c: C, parts: Parts, grant: string): readonly string[] {
  const challenge = readGrant(grant)?.challengeId ?? ''
  const isSibling = (other: string): boolean =>
    other === grant || (challenge !== '' && readGrant(other)?.challengeId === challenge)
  return parts.cookies.grants(c).flatMap(([handle, other]) => (isSibling(other) ? [handle] : []))
}

/** What the account of a grant is called: by its address or, where it was chosen among several, as it was called there. */
export const nameOf = (c: C, parts: Parts, grant: string, { email, username }: Account): string =>
  siblingsOf(c, parts, grant).length > 1 ? (username ?? email) : email

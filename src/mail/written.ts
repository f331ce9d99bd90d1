/** From what was issued to the mail that leaves: which letter it is, what it says, and in whose language. */
import type { Flow, FullBrand } from '../engine/flow.ts'
import type { Issued } from '../engine/issue.ts'
import type { Account, Letter, Mail } from '../engine/ports.ts'
import { fallbackLocale, lookUp, ready } from '../words/index.ts'
import type { LetterContent } from './letter.ts'
import { writeLetter } from './letters/index.ts'

/** What letters say of the installation. */
export type Letterhead = {
  /** Where the reader of a notice may ask for a reset. */
  readonly askUrl: (flow: Flow) => string
  /** The host that stands in a Message-ID. */
  readonly host: string
  readonly brand: (flow: Flow) => FullBrand
  /** Whether a change of password is known to end every session, so that a letter may say so. */
  readonly endsSessions: boolean
}

type Sent = Extract<Issued, { kind: 'send' }>

/** The letter as it leaves, in the account's language, else the asker's. */
export async function written(head: Letterhead, flow: Flow, letter: Letter, issued: Sent): Promise<Mail> {
  // An account's language comes from a table of strangers: what is no language of ours leaves the choice to the asker.
  const locale = lookUp(issued.account.locale) ?? lookUp(letter.locale) ?? fallbackLocale
  await ready(locale)
  const content = contentOf(head, flow, letter, issued, locale)
  const messageId = `<${letter.id}@${head.host}>`
  return { to: issued.account.email, ...writeLetter(content), messageId, locale }
}

/** What a letter says of the account that it is for, where others have one of their own. */
const whichOf = ({ kind, accountId }: Letter, { username, email }: Account): string | null =>
  kind === 'proof' && accountId !== null ? (username ?? email) : null

function contentOf(head: Letterhead, flow: Flow, letter: Letter, issued: Sent, locale: string): LetterContent {
  const { account, proof, expiresAt } = issued
  const shared = {
    locale,
    wording: flow.wording,
    brand: head.brand(flow),
    name: account.username,
    email: account.email,
    supportUrl: absolute(flow.supportUrl, head.askUrl(flow)),
  }
  const notice = { at: letter.createdAt, askUrl: head.askUrl(flow) }
  const minutes = Math.round((expiresAt - letter.createdAt) / 60_000)
  switch (proof?.kind) {
    case 'code':
      return { ...shared, kind: 'code', code: proof.secret, expiresAt, minutes }
    case 'link':
    case 'link-instead':
      return { ...shared, kind: proof.kind, link: proof.secret, which: whichOf(letter, account), expiresAt, minutes }
    case 'other-door':
      return { ...shared, kind: proof.kind, signOnUrl: flow.signOnUrl ?? null }
    case 'no-account':
      return {
        ...{ ...shared, kind: proof.kind, askUrl: notice.askUrl },
        signUpUrl: absolute(flow.signUpUrl, notice.askUrl),
      }
    default:
      return letter.kind === 'changed'
        ? { ...shared, ...notice, kind: 'changed', endsSessions: head.endsSessions }
        : { ...shared, ...notice, kind: 'too-many-tries' }
  }
}

/** An address as a letter can hold it: a path alone leads nowhere from there. */
const absolute = (address: string | undefined, base: string): string | null =>
  address !== undefined && URL.canParse(address, base) ? new URL(address, base).href : null

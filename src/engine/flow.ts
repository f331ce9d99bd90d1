/**
 * A flow is a value that says how one may recover. Everything in which two flows differ stands here, so that the
 * rest of the house never asks for a flow's name.
 */
import type { EarlierLinks } from './earlier.ts'
import { type Colors, notColours, unreadable } from './palette.ts'

/** Facts of an account whose change kills a proof. The password is always among them. */
export type Fact = 'password' | 'email' | 'active' | 'verified'

/** What kills a proof: the password always, then whatever else. */
export type Dies = readonly ['password', ...Exclude<Fact, 'password'>[]]

/** A link that a row of ours stands behind. `columns` keeps it in the users table's own two columns as well. */
export type StoredLink<Carry> = {
  readonly kind: 'stored'
  readonly carry: Carry
  readonly dies: Dies
  /** Where the proof's reference and expiry stand: our own rows, or `reset_token` and `reset_token_expiry` of the users table too. */
  readonly keep: 'rows' | 'columns'
}

/** A link that no row stands behind: it is signed over the account's state and dies with it. */
export type SignedLink<Carry> = { readonly kind: 'signed'; readonly carry: Carry; readonly dies: Dies }

/** Digits that are typed. Fewer than six cannot be limited safely (NIST SP 800-63B-4, 4.2.1.2). */
export type TypedCode = {
  readonly kind: 'code'
  readonly carry: 'form'
  readonly digits: 6 | 7 | 8 | 9 | 10
  /** Wrong tries before one code is dead; 3 to 10. */
  readonly tries: number
  /** Seconds between two letters that the same visitor asks for; at least 60. */
  readonly resendAfter: number
  readonly dies: Dies
}

/** Who the pages and letters speak for. */
export type Brand = {
  /** Short name, in subjects and headings: "NORSU Alumni". */
  readonly name: string
  /** Full name, in sentences. Default: `name`. */
  readonly longName?: string
  /** Who signs the letters. Default: `longName` and "Team". */
  readonly team?: string
  /** Address of a picture on the same origin, or a `data:` one. Default: none. */
  readonly logo?: string
  /** `{ light: '#8b1a2b', dark: '#ffb3bd' }`: the main colour on light and on dark grounds, readable there. Default: a blue. */
  readonly colors?: Colors
}

/** A brand with its blanks filled. */
export type FullBrand = Required<Omit<Brand, 'logo' | 'colors'>> & Pick<Brand, 'logo' | 'colors'>

/** What a new password must be. Length is counted in code points. */
export type PasswordRule = {
  /** Fewest code points; never below 8 (NIST SP 800-63B-4, 3.1.1.2). */
  readonly min: number
  readonly upper: boolean
  readonly lower: boolean
  readonly digit: boolean
  readonly special: boolean
  readonly notAllDigits: boolean
  /** How many earlier passwords are refused, the current one among them. The current one is always refused. */
  readonly history: number
}

/** Counts that belong to one flow. */
export type FlowLimits = {
  /** Asks by one caller for one address, and the sliding window in seconds. Default: 3 in 900. */
  readonly asks: { readonly max: number; readonly seconds: number }
  /** Challenges of one account that may be open at once. Default: 3. */
  readonly live: number
}

/** The paths of a flow that shows pages. `:uid` and `:token` stand for what a letter's link carries. */
export type PageRoutes = {
  readonly login: string
  readonly ask: string
  /** "Check your email". Default: the ask page with `?sent=1`. */
  readonly sent?: string
  /** Where the letter's link leads, most specific first; the first one is put into letters. */
  readonly link: readonly [string, ...string[]]
  readonly set: string
  /** Success. `login`: the log-in page says it. Default: the set page with `?done=1`. */
  readonly done?: string
}

/** The paths of a flow whose code is typed: a page more. */
export type CodeRoutes = PageRoutes & { readonly code: string }

/** The paths of a flow whose face is JSON; the last three are pages of the front end, under its base. */
export type JsonRoutes = {
  readonly ask: string
  readonly change: string
  readonly spa: { readonly login: string; readonly ask: string; readonly link: string }
}

/** The names of a flow's form fields or JSON members. */
export type Fields = {
  readonly email: string
  readonly token: string
  readonly code: string
  readonly password: string
  readonly confirm: string
}

type Shared = {
  /** Lower-case letters, digits and hyphens; stands in `/api/flows/<name>/` and in the audit. */
  readonly name: string
  /** Which set of sentences pages and letters use; a key of `words`. */
  readonly wording: string
  /** Whose password may be reset. */
  readonly eligible: 'active' | 'verified'
  /** How long a proof lives, in seconds from the ask; 300 to 86,400 (a code: 900 at most). */
  readonly life: number
  /** How long the leave to set one password lives, in seconds from the proof; 60 to 900. */
  readonly grant: number
  /** What a new password must be. */
  readonly password: PasswordRule
  /** Counts of this flow. */
  readonly limits: FlowLimits
  /** Whether an ask may tell that an account exists. `explicit` makes addresses probeable; the start warns of it. */
  readonly disclosure: 'uniform' | 'explicit'
  /**
   * Whether an address that nobody has gets a letter that says so, once in 7 days over all flows. The page's answer stays
   * the same. Default: false.
   */
  readonly tellsUnknown?: boolean
  /** Links of the product before this one, which open this flow's pages too. Default: none; the option `earlier` gives them. */
  readonly earlier?: EarlierLinks
  /** What follows a change. Logging in is off by default (OWASP Forgot Password Cheat Sheet). */
  readonly after: { readonly login: boolean }
  /** The names of form fields and JSON members. */
  readonly fields: Fields
  /** Who pages and letters speak for. */
  readonly brand: Brand
  /** Where one logs in, when that is not a page of ours. */
  readonly loginUrl?: string
  /** Where accounts with single sign-on sign in; their letter leads there. Default: it says so without a link. */
  readonly signOnUrl?: string
  /** Where one lands after a log-in. Default: `/account/`. */
  readonly home?: string
  /** Where one signs up; shown where an address is told to be unknown. */
  readonly signUpUrl?: string
  /** Where one gets help; shown on pages and in letters. */
  readonly supportUrl?: string
}

/** A link flow with pages: the secret may stand in path or query, never in the fragment, which needs a script to read. */
export type LinkFlow = Shared & {
  readonly face: 'pages'
  readonly proof: StoredLink<'path' | 'query'> | SignedLink<'path' | 'query'>
  readonly routes: PageRoutes
}
/** A flow whose code is typed into a page. */
export type CodeFlow = Shared & { readonly face: 'pages'; readonly proof: TypedCode; readonly routes: CodeRoutes }
/** A flow of programs and single-page front ends. */
export type JsonFlow = Shared & {
  readonly face: 'json'
  readonly proof: StoredLink<'path' | 'query' | 'fragment'> | SignedLink<'path' | 'query' | 'fragment'>
  readonly routes: JsonRoutes
}

/** How one may recover. */
export type Flow = LinkFlow | CodeFlow | JsonFlow

/** What every flow says unless it says otherwise. */
export const defaults = {
  eligible: 'active',
  grant: 900,
  limits: { asks: { max: 3, seconds: 900 }, live: 3 },
  disclosure: 'uniform',
  after: { login: false },
  brand: { name: 'Latchkey' },
  fields: { email: 'email', token: 'token', code: 'code', password: 'new_password', confirm: 'confirm_password' },
} as const satisfies Partial<Flow>

/** Eight characters and nothing else. */
export const plain: PasswordRule = {
  min: 8,
  upper: false,
  lower: false,
  digit: false,
  special: false,
  notAllDigits: false,
  history: 0,
}
/** Eight characters, with an upper-case and a lower-case letter, a digit and a special character. */
export const strong: PasswordRule = { ...plain, upper: true, lower: true, digit: true, special: true }

/**
 * Checks a flow for what its type cannot say, and returns it.
 * @throws Error with every reason, when the flow is a foolish one.
 */
export function defineFlow<F extends Flow>(flow: F): F {
  const reasons = [...refuseTimes(flow), ...refuseRules(flow), ...refusePaths(flow), ...refuseColors(flow.brand)]
  // It stands in letters, where a path alone leads nowhere.
  if (flow.signOnUrl !== undefined && !/^https?:\/\/[^\s/]/i.test(flow.signOnUrl)) {
    reasons.push(`signOnUrl must be an address such as https://app.example.com/sso`)
  }
  if (!/^[a-z][a-z0-9-]{0,31}$/.test(flow.name)) {
    reasons.unshift(`name must be lower-case letters, digits and hyphens, 32 at most`)
  }
  if (reasons.length > 0) throw new Error(`Flow "${flow.name}" is refused: ${reasons.join('; ')}.`)
  return flow
}

function refuseColors({ colors }: Brand): string[] {
  if (colors === undefined) return []
  const wrong = notColours(colors)
  if (wrong.length > 0) return wrong.map((one) => `brand.colors must be written as #rrggbb, not "${one}"`)
  return unreadable(colors).map(
    ({ colour, ratio, ground, better }) =>
      `brand.colors.${ground} ${colour} has a contrast of ${ratio}:1 where text needs 4.5:1; ${better} has it`,
  )
}

function refuseTimes(flow: Flow): string[] {
  const reasons: string[] = []
  const longest = flow.proof.kind === 'code' ? 900 : 86_400
  if (!within(flow.life, 300, longest)) reasons.push(`life must be 300 to ${longest} seconds, it is ${flow.life}`)
  if (!within(flow.grant, 60, 900)) reasons.push(`grant must be 60 to 900 seconds, it is ${flow.grant}`)
  if (flow.proof.kind === 'code') {
    if (!within(flow.proof.digits, 6, 10)) reasons.push(`digits must be 6 to 10, they are ${flow.proof.digits}`)
    if (!within(flow.proof.tries, 3, 10)) reasons.push(`tries must be 3 to 10, they are ${flow.proof.tries}`)
    if (!within(flow.proof.resendAfter, 60, 900)) reasons.push(`resendAfter must be 60 to 900 seconds`)
  }
  return reasons
}

function refuseRules(flow: Flow): string[] {
  const reasons: string[] = []
  if (!within(flow.password.min, 8, 64)) reasons.push(`password.min must be 8 to 64, it is ${flow.password.min}`)
  if (!within(flow.password.history, 0, 24)) reasons.push(`password.history must be 0 to 24`)
  if (!within(flow.limits.asks.max, 1, 100)) reasons.push(`limits.asks.max must be 1 to 100`)
  if (!within(flow.limits.asks.seconds, 60, 86_400)) reasons.push(`limits.asks.seconds must be 60 to 86400`)
  if (!within(flow.limits.live, 1, 10)) reasons.push(`limits.live must be 1 to 10`)
  if (!flow.proof.dies.includes('password')) reasons.push(`a proof must die with the password`)
  // Types say it too, but a configuration in JSON has none.
  const carry: string = flow.proof.carry
  if (flow.face === 'pages' && carry === 'fragment') reasons.push(`a page cannot read a token in the fragment`)
  const keepsColumns = flow.proof.kind === 'stored' && flow.proof.keep === 'columns'
  if (keepsColumns && flow.limits.live !== 1) reasons.push(`one pair of columns holds one proof: limits.live must be 1`)
  return reasons
}

function refusePaths(flow: Flow): string[] {
  const reasons: string[] = []
  const { carry, kind } = flow.proof
  const links = flow.face === 'json' ? [flow.routes.spa.link] : flow.routes.link
  const inPath = carry === 'path' || kind === 'code'
  const every = (part: string): boolean => links.every((path) => path.includes(part))
  if (inPath && !every(':token')) reasons.push(`routes.link must hold ":token"`)
  if (!inPath && links.some((path) => path.includes(':token')))
    reasons.push(`the ${carry} holds the token: no ":token"`)
  // No row says whose it is.
  if (kind === 'signed' && carry !== 'query' && !every(':uid')) reasons.push(`routes.link must hold ":uid"`)
  if (flow.face === 'pages' && carry === 'query' && links.some((path) => path !== flow.routes.set)) {
    reasons.push(`a token in the query arrives at routes.set: routes.link must be that path`)
  }
  const own = flow.face === 'json' ? [flow.routes.ask, flow.routes.change] : pagePaths(flow)
  for (const path of own) {
    if (!/^\/[\w\-./:]*$/.test(path)) reasons.push(`the path "${path}" must start with "/" and hold plain characters`)
  }
  return reasons
}

/** Every path of a flow with pages that a visitor can open, the log-in page apart. */
export function pagePaths(flow: LinkFlow | CodeFlow): string[] {
  const { routes } = flow
  const code = flow.proof.kind === 'code' ? [(flow as CodeFlow).routes.code] : []
  const done = routes.done && routes.done !== 'login' ? [routes.done] : []
  const sent = routes.sent ? [routes.sent] : []
  return [...new Set([routes.ask, ...sent, ...linkPaths(flow), ...code, routes.set, ...done])]
}

/** Where links lead: its own letters' and those of the product before. */
export const linkPaths = (flow: LinkFlow | CodeFlow): string[] => [
  ...new Set([...flow.routes.link, ...(flow.earlier?.paths ?? [])]),
]

const within = (value: number, least: number, most: number): boolean =>
  Number.isInteger(value) && value >= least && value <= most

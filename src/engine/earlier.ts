/**
 * Links that the product before this one has mailed on the same accounts, and that still lie in inboxes. Who can read
 * them is handed in by configuration. Such a link opens a flow's page as that flow's own do: a look spends nothing, one
 * change wins, and it dies as it would have died where it was made.
 */
import type { Account } from './ports.ts'

/** How the links of one product are read. Nothing of it looks into a database. */
export type EarlierLinks = {
  /** Where they lead, most usual first: `/reset/:uid/:token/`. */
  readonly paths: readonly [string, ...string[]]
  /**
   * The id of the account that a link names, in each form in which the table may keep it; none where its time is over.
   * Null for what is no link of that product.
   */
  names(link: EarlierLink, at: number): readonly string[] | null
  /** Whether it was made for this account as it is now, in constant time; as much work where there is none. */
  isFor(link: EarlierLink, account: Account | null): boolean
  /** What kills it besides the facts that kill the flow's own proofs; never empty. The leave that it gave dies of it too. */
  state(account: Account): string
}

/** What such a link carries; `uid` is null where the link had none. */
export type EarlierLink = { readonly uid: string | null; readonly token: string }

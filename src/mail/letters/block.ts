/** What letters are made of: blocks that are written twice, as text and as HTML. */

/** One piece of a letter. */
export type Block =
  | { readonly kind: 'words'; readonly text: string; readonly small?: boolean }
  /** `label` is the button's; `copy` stands over the address, for those whose button does not work. */
  | { readonly kind: 'link'; readonly href: string; readonly label: string; readonly copy: string }
  | { readonly kind: 'code'; readonly code: string }

/** A letter before it is written. Blank texts are left out. */
export type Draft = {
  readonly subject: string
  /** What a mailbox shows beside the subject. Never holds a code. */
  readonly preview: string
  readonly blocks: readonly Block[]
}

/** A paragraph. */
export const words = (text: string): Block => ({ kind: 'words', text })

/** A paragraph in small print. */
export const small = (text: string): Block => ({ kind: 'words', text, small: true })

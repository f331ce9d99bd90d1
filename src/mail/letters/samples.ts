/** Every letter of a flow with made-up people, for whoever wants to see what is sent. No link of them opens anything. */
import type { Flow, FullBrand } from '../../engine/flow.ts'
import type { LetterContent } from '../letter.ts'

/** A letter by a name that can be a file's: `code-link-instead`. */
export type Sample = { readonly name: string; readonly content: LetterContent }

const at = Date.UTC(2026, 10, 21, 14, 32)
const origin = 'https://app.example.com'
const link = `${origin}/reset/MQ/made-up-to-be-looked-at-and-opens-nothing/`
const askUrl = `${origin}/forgot-password/`

/** Where an address of the flow's would lead from a letter; a path alone leads nowhere there. */
const absolute = (address: string | undefined): string | null =>
  address !== undefined && URL.canParse(address, origin) ? new URL(address, origin).href : null

/** All that the flow may send, in a language whose words have been read. */
export function lettersOf(locale: string, flow: Flow, brand: FullBrand): Sample[] {
  const { wording } = flow
  const to = { locale, wording, brand, name: 'ana', email: 'ana@example.org', supportUrl: absolute(flow.supportUrl) }
  const proof = { expiresAt: at, minutes: Math.round(flow.life / 60) }
  const proofs: LetterContent[] =
    flow.proof.kind === 'code'
      ? [
          { ...to, ...proof, kind: 'code', code: '493027' },
          { ...to, ...proof, kind: 'link-instead', link },
          { ...to, kind: 'too-many-tries', at, askUrl },
        ]
      : [{ ...to, ...proof, kind: 'link', link }]
  const all: LetterContent[] = [
    ...proofs,
    { ...to, kind: 'changed', at, askUrl },
    { ...to, kind: 'other-door', signOnUrl: flow.signOnUrl ?? null },
    { ...to, kind: 'no-account', name: null, askUrl, signUpUrl: absolute(flow.signUpUrl) },
  ]
  return all.map((content) => ({ name: `${flow.name}-${content.kind}`, content }))
}

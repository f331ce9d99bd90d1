/** A foolish flow does not compile; what types cannot say, `defineFlow` refuses with a sentence. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type CodeFlow,
  type Dies,
  defineFlow,
  type Flow,
  type JsonFlow,
  type LinkFlow,
  type SignedLink,
  type StoredLink,
  type TypedCode,
} from '../../src/engine/flow.ts'
import * as flows from '../../src/flows/index.ts'

const { classic, code, spa, stateless, verified } = flows
const { tries, ...withoutTries } = code.proof as TypedCode
const link: SignedLink<'path'> = { kind: 'signed', carry: 'path', dies: ['password'] }

// These do not compile: `tsc` fails where one of the lines below it is no error any more.

export const inFragment: LinkFlow['proof'] = {
  ...link,
  // @ts-expect-error A page cannot read what stands behind a "#".
  carry: 'fragment',
}
// @ts-expect-error A code that can be guessed for ever.
export const endless: TypedCode = withoutTries
// @ts-expect-error A signed link that outlives the password it was to replace.
export const outliving: SignedLink<'path'> = { kind: 'signed', carry: 'path', dies: ['email', 'active'] }
// @ts-expect-error A stored one, just so.
export const immortal: StoredLink<'path'> = { kind: 'stored', carry: 'path', keep: 'rows', dies: [] }
// @ts-expect-error Nothing kills it but what stands here.
export const disorderly: Dies = ['email', 'password']
// @ts-expect-error Four digits are guessed within a day.
export const four: TypedCode = { ...code.proof, digits: 4 }
// @ts-expect-error A code has a page on which it is typed.
export const nowhere: CodeFlow['routes'] = { login: '/a/', ask: '/b/', link: ['/c/:token/'], set: '/d/' }
// @ts-expect-error A link leads somewhere.
export const linkless: LinkFlow['routes'] = { login: '/a/', ask: '/b/', link: [], set: '/d/' }
// @ts-expect-error A code is typed into a page.
export const spoken: JsonFlow = { ...spa, proof: code.proof }
// @ts-expect-error Told openly or not at all.
export const hinting: Flow['disclosure'] = 'sometimes'

test('a page flow with the token in the fragment, a code without tries, four digits: the types refuse them', () => {
  assert.ok(tries >= 3, 'the lines above are checked by tsc, with the rest of the sources')
})

/** What is said of a flow; empty when nothing is. */
function refusal(flow: Flow): string {
  try {
    assert.equal(defineFlow(flow), flow)
    return ''
  } catch (error) {
    return (error as Error).message
  }
}

test('the five flows are sound, and so is each option at its bounds', () => {
  for (const flow of Object.values(flows)) assert.equal(refusal(flow), '')
  const proof = code.proof as TypedCode
  assert.equal(refusal({ ...code, proof: { ...proof, tries: 3, resendAfter: 900, digits: 10 }, life: 300 }), '')
  assert.equal(refusal({ ...classic, life: 86_400, grant: 60, password: { ...classic.password, min: 64 } }), '')
})

const proof = code.proof as TypedCode
const { password, limits } = classic
const foolish: [what: string, flow: Flow, said: string][] = [
  ['a name with capitals', { ...classic, name: 'Classic' }, 'name must be lower-case letters, digits and hyphens'],
  ['a name that leaves its path', { ...classic, name: '../x' }, 'name must be lower-case'],
  ['a link for two days', { ...classic, life: 172_800 }, 'life must be 300 to 86400 seconds, it is 172800'],
  ['a link for a minute', { ...spa, life: 60 }, 'life must be 300 to 86400 seconds, it is 60'],
  ['a code for an hour', { ...code, life: 3600 }, 'life must be 300 to 900 seconds, it is 3600'],
  ['a leave for a day', { ...classic, grant: 86_400 }, 'grant must be 60 to 900 seconds, it is 86400'],
  ['a hundred tries', { ...code, proof: { ...proof, tries: 100 } }, 'tries must be 3 to 10, they are 100'],
  ['four digits from JSON', { ...code, proof: { ...proof, digits: 4 as 6 } }, 'digits must be 6 to 10, they are 4'],
  ['codes by the second', { ...code, proof: { ...proof, resendAfter: 1 } }, 'resendAfter must be 60 to 900 seconds'],
  ['six characters', { ...classic, password: { ...password, min: 6 } }, 'password.min must be 8 to 64, it is 6'],
  ['a long memory', { ...classic, password: { ...password, history: 99 } }, 'password.history must be 0 to 24'],
  [
    'no asks',
    { ...classic, limits: { ...limits, asks: { max: 0, seconds: 900 } } },
    'limits.asks.max must be 1 to 100',
  ],
  [
    'a short window',
    { ...classic, limits: { ...limits, asks: { max: 3, seconds: 1 } } },
    'limits.asks.seconds must be',
  ],
  ['a hundred links', { ...classic, limits: { ...limits, live: 100 } }, 'limits.live must be 1 to 10'],
  ['two in one column', { ...verified, limits: { ...limits, live: 2 } }, 'one pair of columns holds one proof'],
  [
    'a proof that outlives the password, from JSON',
    { ...classic, proof: { ...classic.proof, dies: ['email'] as never } } as Flow,
    'a proof must die with the password',
  ],
  [
    'a fragment for a page, from JSON',
    { ...classic, proof: { ...classic.proof, carry: 'fragment' as 'path' } } as Flow,
    'a page cannot read a token in the fragment',
  ],
  [
    'a link without its token',
    { ...classic, routes: { ...classic.routes, link: ['/auth/confirm/'] } },
    'routes.link must hold ":token"',
  ],
  [
    'a signed link that says not whose',
    { ...stateless, routes: { ...stateless.routes, link: ['/reset/:token/'] } },
    'routes.link must hold ":uid"',
  ],
  [
    'a token in path and query',
    { ...verified, routes: { ...verified.routes, link: ['/reset-password/:token/'] } },
    'the query holds the token: no ":token"',
  ],
  [
    'a query that arrives elsewhere',
    { ...verified, routes: { ...verified.routes, link: ['/elsewhere/'] } },
    'a token in the query arrives at routes.set',
  ],
  [
    'a path without its slash in front',
    { ...classic, routes: { ...classic.routes, ask: 'auth/reset/' } },
    'the path "auth/reset/" must start with "/"',
  ],
  [
    'a path with a star',
    { ...classic, routes: { ...classic.routes, ask: '/auth/*' } },
    'the path "/auth/*" must start with "/" and hold plain characters',
  ],
]
for (const [what, flow, said] of foolish) {
  test(`defineFlow refuses ${what}`, () => {
    const message = refusal(flow)
    assert.ok(message.startsWith(`Flow "${flow.name}" is refused: `) && message.includes(said), message)
  })
}

test('defineFlow tells every reason at once', () => {
  const message = refusal({ ...code, name: 'X', life: 1, grant: 1 })
  assert.equal(message.split(';').length, 3)
})

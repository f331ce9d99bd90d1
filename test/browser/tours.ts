/** Walks that come by every page in every state, for whoever looks at them: a test of accessibility, or a camera. */
import type { Page } from 'playwright-core'
import type { Flow } from '../../src/engine/flow.ts'
import * as flows from '../../src/flows/index.ts'
import { writeLetter } from '../../src/mail/letters/index.ts'
import { lettersOf } from '../../src/mail/letters/samples.ts'
import { testClock } from '../../src/testing/index.ts'
import { isRightToLeft, locales, ready } from '../../src/words/index.ts'
import {
  ada,
  arrive,
  ask,
  codeOf,
  follow,
  linkOf,
  logIn,
  newPassword,
  oldPassword,
  press,
  setPassword,
  stories,
  type,
  type Visit,
  type VisitOptions,
} from './harness.ts'

/** Looks at the page as it stands. */
export type See = (page: Page, what: string) => Promise<void>

export type Tour = {
  readonly name: string
  readonly options: VisitOptions
  walk(visit: Visit, see: See): Promise<void>
}

const urls = { supportUrl: 'https://example.com/help', signUpUrl: 'https://example.com/join' }
const norsu = { name: 'NORSU Alumni', longName: 'NORSU Alumni Network', team: 'NORSU Alumni Network Team' }
const demonstration = [
  { email: 'ada@example.com', username: 'ada', password: 'Tall-Harbour-4821!', note: 'Active, address confirmed.' },
  {
    email: 'a.rather.long.name.of.somebody@department.university.example.org',
    username: null,
    password: 'x',
    note: 'Inactive.',
  },
]

const ofClassic: Tour = {
  name: 'classic',
  options: { demonstration, expects: [400, 403, 404, 410, 422, 429] },
  async walk(visit, see) {
    const { page, origin, house } = visit
    const story = stories.classic
    await page.goto(origin)
    await see(page, 'gallery')
    await page.goto(`${origin}/dev/inbox/`)
    await see(page, 'inbox, empty')
    await page.goto(origin + story.login)
    await see(page, 'log-in')
    await logIn(page, story, 'wrong')
    await page.getByRole('alert').waitFor()
    await see(page, 'log-in, refused')
    await page.goto(origin + story.flow.routes.ask)
    await see(page, 'ask')
    await type(page, story.ask.label, 'no address')
    await press(page, story.ask.button)
    await page.getByRole('alert').waitFor()
    await see(page, 'ask, refused')
    await ask(visit, story)
    await see(page, 'sent')
    const link = linkOf(await house.letter())
    await page.goto(`${origin}/dev/inbox/`)
    await see(page, 'inbox')
    await follow(page, 'Reset Your Password')
    await arrive(page, 'Reset Your Password')
    await see(page, 'letter in the inbox')
    await page.goto(link)
    await arrive(page, story.set.title)
    await see(page, 'set')
    await type(page, story.set.password, 'Some-Thing-8!')
    await type(page, story.set.confirm, 'Some-Thing-8')
    await see(page, 'set, while one types')
    await setPassword(page, story, 'password', 'passwort')
    await page.getByRole('alert').waitFor()
    await see(page, 'set, refused as weak')
    await setPassword(page, story, oldPassword, 'else')
    await page.getByRole('alert').waitFor()
    await see(page, 'set, refused')
    await setPassword(page, story)
    await arrive(page, story.done)
    await see(page, 'done')
    await page.goto(link)
    await arrive(page, 'Invalid or expired link')
    await see(page, 'dead link')
    await page.goto(origin + story.login)
    await logIn(page, story, newPassword)
    await arrive(page, 'Your account')
    await see(page, 'account')
    const other = await visit.another()
    await other.goto(origin + story.login)
    await logIn(other, story, newPassword)
    await arrive(other, 'Your account')
    await other.close()
    const change = async (current: string, password: string): Promise<void> => {
      await type(page, 'Current password', current)
      await type(page, 'New Password', password)
      await type(page, 'Confirm Password', password)
      await press(page, 'Change password')
    }
    await change('Wrong-Guess-55!', oldPassword)
    await page.getByText('The current password is wrong.').first().waitFor()
    await see(page, 'account, the wrong current password')
    await change(newPassword, 'password')
    await page.getByText('Password too weak').waitFor()
    await see(page, 'account, a weak password')
    await press(page, 'End all other sessions')
    await page.getByText('All other sessions were ended.').first().waitFor()
    await see(page, 'account, others ended')
    await page.goto(`${origin}/dev/letters/`)
    await see(page, 'every letter')
    await page.goto(`${origin}/account/`)
    await press(page, 'Log out')
    await arrive(page, story.loginTitle)
    await see(page, 'log-in, logged out')
    await page.goto(`${origin}/nothing/here/`)
    await see(page, 'not found')
    for (const _ of [1, 2]) await ask(visit, story)
    await page.goto(origin + story.flow.routes.ask)
    await type(page, story.ask.label, ada)
    await press(page, story.ask.button)
    await arrive(page, 'Too many attempts')
    await see(page, 'too many attempts')
  },
}

const clock = testClock(Date.now())
/** Two hundred characters, with no place to break but the dots. */
const longest = `${'a'.repeat(64)}@${'b'.repeat(61)}.${'c'.repeat(61)}.example.org`
const ofCode: Tour = {
  name: 'code',
  options: { flows: [{ ...flows.code, ...urls, brand: norsu } as Flow], clock, expects: [400, 410, 422] },
  async walk(visit, see) {
    const { page, origin, house } = visit
    const story = stories.code
    await page.goto(origin + story.login)
    await see(page, 'log-in')
    await page.goto(origin + story.flow.routes.ask)
    await see(page, 'ask')
    await ask(visit, story, longest)
    await see(page, 'code, for a long address')
    await ask(visit, story)
    await see(page, 'code')
    await type(page, 'Verification Code', '000000')
    await press(page, 'Verify Code')
    await page.getByRole('alert').waitFor()
    await see(page, 'code, refused')
    clock.turn({ seconds: 61 })
    await page.goto(origin + story.flow.routes.code)
    await see(page, 'code, to be sent again')
    const code = codeOf(await house.letter())
    const prove = async (): Promise<void> => {
      await page.goto(origin + story.flow.routes.code)
      await type(page, 'Verification Code', code)
      await press(page, 'Verify Code')
      await arrive(page, story.set.title)
    }
    await prove()
    await see(page, 'set')
    await setPassword(page, story, 'abcdefgh')
    await page.getByRole('alert').waitFor()
    await see(page, 'set, refused as weak')
    await setPassword(page, story)
    await arrive(page, story.done)
    await see(page, 'log-in, after')
    await page.goto(origin + story.flow.routes.set)
    await arrive(page, 'Session expired')
    await see(page, 'session expired')
    await house.share('ben', 'a-rather-long-user-name-of-somebody-in-the-department')
    await ask(visit, story)
    await type(page, 'Verification Code', codeOf(await house.letter()))
    await press(page, 'Verify Code')
    await arrive(page, 'Which account?')
    await see(page, 'which account')
  },
}

const ofExplicit: Tour = {
  name: 'explicit',
  options: { flows: [{ ...flows.code, ...urls, brand: norsu, disclosure: 'explicit' } as Flow], expects: [404] },
  async walk({ page, origin }, see) {
    await page.goto(origin + flows.code.routes.ask)
    await type(page, stories.code.ask.label, 'nobody@example.com')
    await press(page, stories.code.ask.button)
    await page.getByText('This email is not registered').first().waitFor()
    await see(page, 'address unknown')
  },
}

const ofLinks: Tour[] = [stories.stateless, stories.verified].map((story) => ({
  name: story.flow.name,
  options: { flows: [story.flow], expects: [400, 410, 422] },
  async walk(visit, see) {
    const { page, origin, house } = visit
    await page.goto(origin + story.login)
    await see(page, 'log-in')
    await ask(visit, story)
    await see(page, 'sent')
    const link = linkOf(await house.letter())
    await page.goto(link)
    await arrive(page, story.set.title)
    await see(page, 'set')
    await setPassword(page, story, 'abc')
    await page.getByRole('alert').waitFor()
    await see(page, 'set, refused')
    await setPassword(page, story)
    await arrive(page, story.done)
    await see(page, 'done')
    await page.goto(link)
    await arrive(page, 'Invalid or expired link')
    await see(page, 'dead link')
    await page.context().clearCookies()
    await page.goto(origin + story.flow.routes.set)
    await see(page, 'set, without a link')
  },
}))

const ofSpa: Tour = {
  name: 'spa',
  options: { expects: [400, 422, 429] },
  async walk(visit, see) {
    const { page, origin, house } = visit
    const send = async (email: string): Promise<void> => {
      await page.goto(`${origin}/app/forgot-password`)
      await type(page, 'Email address', email)
      await press(page, 'Send reset link')
    }
    await page.goto(`${origin}/app/forgot-password`)
    await arrive(page, 'Forgot your password?')
    await see(page, 'ask')
    await send('no address')
    await page.getByText('Enter an email address').waitFor()
    await see(page, 'ask, refused')
    await page.route('**/auth/forgot-password/', () => undefined, { times: 1 })
    await send(ada)
    await page.getByText('Sending…').waitFor()
    await see(page, 'ask, sending')
    await send(ada)
    await arrive(page, 'Check your email')
    await press(page, 'Stay on this page')
    await see(page, 'sent')
    const link = linkOf(await house.letter())
    await page.goto(link)
    await arrive(page, 'Choose a new password')
    await page.getByText('0 of 6 met').waitFor()
    await see(page, 'set')
    const set = async (password: string, confirm = password): Promise<void> => {
      await type(page, 'New password', password)
      await type(page, 'Confirm new password', confirm)
      await press(page, 'Reset password')
    }
    await set(newPassword, 'else')
    await page.getByText('The two passwords do not match.').waitFor()
    await see(page, 'set, no match')
    await set('only lower case')
    await page.getByText('at least 1 number').waitFor()
    await see(page, 'set, refused')
    await set(newPassword)
    await arrive(page, 'Password changed')
    await press(page, 'Stay on this page')
    await see(page, 'done')
    await follow(page, 'Log in now')
    await arrive(page, 'Log in')
    await press(page, 'Stay on this page')
    await see(page, 'log-in')
    await page.goto(link)
    await set('Quite-Another-84?')
    await arrive(page, 'This link does not work')
    await see(page, 'dead link')
    await page.goto(`${origin}/app/reset-password`)
    await arrive(page, 'Open the link again')
    await see(page, 'set, without a link')
    for (const _ of [1, 2]) {
      await send(ada)
      await arrive(page, 'Check your email')
    }
    await send(ada)
    await page.getByText('Too many attempts').waitFor()
    await see(page, 'too many attempts')
  },
}

/** All kinds of letters, in English and, where lines run the other way, one more. */
const sender = { ...flows.code, ...urls, brand: norsu } as Flow
const brand = { ...norsu, colors: { light: '#8b1a2b' } }

const ofLetters: Tour = {
  name: 'letters',
  options: {},
  async walk({ page }, see) {
    const samples = [
      ...lettersOf('en', sender, brand),
      ...[flows.classic, flows.stateless, flows.spa, flows.verified].map((flow) => lettersOf('en', flow, norsu)[0]!),
    ]
    for (const locale of locales) {
      await ready(locale)
      if (isRightToLeft(locale)) samples.push(...lettersOf(locale, sender, norsu).slice(0, 2))
    }
    for (const { name, content } of samples) {
      await page.setContent(writeLetter(content).html)
      await see(page, `${name} in ${content.locale}`)
    }
  },
}

export const tours: readonly Tour[] = [ofClassic, ofCode, ofExplicit, ...ofLinks, ofSpa, ofLetters]

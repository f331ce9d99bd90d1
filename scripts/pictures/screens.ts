/** Every screen with made-up people, for the camera. */
import { plain, strong } from '../../src/engine/flow.ts'
import * as flows from '../../src/flows/index.ts'
import { writeLetter } from '../../src/mail/letters/index.ts'
import { lettersOf } from '../../src/mail/letters/samples.ts'
import * as pages from '../../src/pages/index.ts'
import type { Frame } from '../../src/pages/views.ts'

const norsu = { name: 'NORSU Alumni', longName: 'NORSU Alumni Network', team: 'NORSU Alumni Network Team' }
const framesOf = (locale: string): [Frame, Frame] => {
  const frame: Frame = {
    ...{ brand: norsu, wording: 'code', locale, csrf: 'token', style: '/page.css', script: '/page.js' },
    ...{
      strength: '/strength.js',
      loginUrl: '/login/',
      askUrl: '/ask/',
      supportUrl: '/support',
      signUpUrl: '/sign-up',
    },
  }
  return [frame, { ...frame, wording: 'classic', brand: latchkey }]
}
const latchkey = { name: 'Latchkey', longName: 'Latchkey', team: 'Latchkey Team' }
const fields = { email: 'email', code: 'code', password: 'password', confirm: 'confirm' }
const ana = 'ana.keller@example.org'
const rule = { ...strong, history: 5 }
const code = { action: '/', resendAction: '/', fields, address: ana, digits: 6, minutes: 15 }
const set = { action: '/', fields, challenge: 'c', account: ana, minutes: 15, rule }
const at = Date.UTC(2026, 10, 21, 14, 32)
const firefox = 'Mozilla/5.0 (Windows NT 10.0) Gecko/20100101 Firefox/145.0'
const safari = 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_6) AppleWebKit Version/26.0 Mobile/15E148 Safari/604.1'

/** Whole documents by name, in a language whose words are read already. */
export function screensOf(locale: string): Readonly<Record<string, string>> {
  const [norsuFrame, classic] = framesOf(locale)
  return {
    ask: pages.ask(norsuFrame, { action: '/', field: 'email', value: '', problem: null, code: true }),
    'ask-refused': pages.ask(norsuFrame, {
      action: '/',
      field: 'email',
      value: ana,
      problem: 'address-unknown',
      code: true,
    }),
    sent: pages.sent(classic, { minutes: 1440 }),
    code: pages.code(norsuFrame, { ...code, problem: null, resendIn: 45, justSent: true }),
    'code-refused': pages.code(norsuFrame, { ...code, problem: 'code-dead', resendIn: 0, justSent: false }),
    choice: pages.choice(norsuFrame, {
      accounts: ['ana.keller', 'alumni-office', ana].map((name) => ({ name, href: '/' })),
    }),
    set: pages.newPassword(norsuFrame, { ...set, unmet: [] }),
    'set-refused': pages.newPassword(norsuFrame, { ...set, unmet: ['no-upper', 'no-digit', 'no-special', 'mismatch'] }),
    done: pages.done(classic, { home: null }),
    login: pages.login(norsuFrame, { action: '/', value: '', problem: null, toast: 'password-reset' }),
    'login-refused': pages.login(classic, { action: '/', value: ana, problem: 'login-failed', toast: null }),
    'dead-link': pages.problem(classic, { kind: 'link-dead', retryAfter: null }),
    'too-many': pages.problem(norsuFrame, { kind: 'too-many-attempts', retryAfter: 872 }),
    unsettled: pages.problem(norsuFrame, { kind: 'unsettled', retryAfter: 30 }),
    account: pages.account(classic, {
      ...{ email: ana, username: 'ana', action: '/', sessionsAction: '/', logoutAction: '/', toast: 'changed' },
      password: { rule: { ...plain, notAllDigits: true }, unmet: [], wrong: false },
      sessions: [
        { id: 'a', at, agent: firefox, network: '192.0.2.7', here: true },
        { id: 'b', at: at - 9e7, agent: safari, network: '2001:db8::4c1', here: false },
      ],
      events: [
        { kind: 'password-changed', at, times: 1, agent: firefox, network: '192.0.2.7' },
        { kind: 'letter-sent', at: at - 4e5, times: 1, agent: '', network: '' },
        { kind: 'session-refused', at: at - 6e5, times: 3, agent: safari, network: '198.51.100.20' },
      ],
    }),
    ...Object.fromEntries(
      [
        ...lettersOf(locale, flows.classic, latchkey).filter(({ content }) => content.kind !== 'other-door'),
        ...lettersOf(locale, flows.code, norsu).slice(0, 1),
      ].map(({ name, content }) => [`letter-${name}`, writeLetter(content).html] as const),
    ),
  }
}

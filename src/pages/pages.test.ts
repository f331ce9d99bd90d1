import assert from 'node:assert/strict'
import { test } from 'node:test'
import { plain, strong } from '../engine/flow.ts'
import { brandStyle } from './brand-style.ts'
import * as pages from './index.ts'
import type { Frame, ProblemView } from './views.ts'

const wordings = ['classic', 'stateless', 'code', 'spa', 'verified', 'a sixth', 'constructor']
const norsu = { name: 'NORSU Alumni', longName: 'NORSU Alumni Network', team: 'NORSU Alumni Network Team' }

const frameOf = (wording: string, more: Partial<Frame> = {}): Frame => ({
  ...{ brand: norsu, wording, locale: 'en', csrf: 'token', style: '/style.css', script: '/script.js' },
  strength: '/strength.js',
  ...{ loginUrl: '/login/', askUrl: '/ask/', supportUrl: '/support', signUpUrl: '/sign-up' },
  ...more,
})

const kinds: readonly ProblemView['kind'][] = [
  ...(['link-dead', 'missing-token', 'session-expired', 'too-many-attempts', 'forbidden', 'not-found'] as const),
  ...(['method-not-allowed', 'bad-request', 'too-large', 'unsupported-type', 'misdirected', 'unavailable'] as const),
  'unsettled',
]

const fields = { email: 'email', code: 'code', password: 'password', confirm: 'confirm_password' }

/** An account with two sessions and something of each kind that can happen. */
const ownAccount = (text: string): Parameters<typeof pages.account>[1] => ({
  ...{ email: text, username: text, action: '/account/', sessionsAction: '/account/sessions/', toast: 'changed' },
  logoutAction: '/logout/',
  password: { rule: plain, unmet: [], wrong: false },
  sessions: [true, false].map((here, at) => ({ id: `s${at}`, at: at * 1e12, agent: text, network: text, here })),
  events: (
    [
      'password-changed',
      'password-refused',
      'letter-sent',
      'proof-accepted',
      'session-opened',
      'session-refused',
    ] as const
  ).map((kind, at) => ({ kind, at: at * 1e12, times: at + 1, agent: text, network: at === 2 ? '' : text })),
})

/** Every screen, with `text` wherever somebody else's text can stand. */
function every(frame: Frame, text: string): Record<string, string> {
  const set = { action: '/set/', fields, challenge: text, account: text, minutes: 15 }
  const code = { action: '/code/', resendAction: '/ask/', fields, address: text, digits: 6, minutes: 15 }
  const ask = { action: '/ask/', field: 'email', value: text }
  return {
    ask: pages.ask(frame, { ...ask, problem: null, code: false }),
    unknown: pages.ask(frame, { ...ask, problem: 'address-unknown', code: true }),
    sent: pages.sent(frame, { minutes: 60 }),
    code: pages.code(frame, { ...code, problem: null, resendIn: 60, justSent: true }),
    codeDead: pages.code(frame, { ...code, problem: 'code-dead', resendIn: 0, justSent: false }),
    choice: pages.choice(frame, { accounts: [text, `${text}.`].map((name) => ({ name, href: '/set/?c=a' })) }),
    set: pages.newPassword(frame, { ...set, rule: { ...plain, notAllDigits: true }, unmet: [] }),
    weak: pages.newPassword(frame, { ...set, rule: { ...strong, history: 5 }, unmet: ['no-upper', 'mismatch'] }),
    done: pages.done(frame, { home: null }),
    signedIn: pages.done(frame, { home: '/account/' }),
    login: pages.login(frame, { action: '/login/', value: text, problem: 'login-failed', toast: null }),
    after: pages.login(frame, { action: '/login/', value: text, problem: null, toast: 'password-reset' }),
    account: pages.account(frame, ownAccount(text)),
    wrongCurrent: pages.account(frame, {
      ...{ ...ownAccount(text), toast: null },
      password: { rule: strong, unmet: [], wrong: true },
    }),
    weakOwn: pages.account(frame, {
      ...{ ...ownAccount(text), toast: null, sessions: [], events: [] },
      password: { rule: { ...strong, history: 5 }, unmet: ['too-short', 'mismatch'], wrong: false },
    }),
    signsInElsewhere: pages.account(frame, { ...ownAccount(text), password: null }),
    gallery: pages.gallery(frame, {
      flows: [{ name: text, askUrl: '/ask/', loginUrl: '/login/' }],
      accounts: [{ email: text, username: text, password: text, note: text }],
    }),
    inbox: pages.inbox(frame, { letters: [{ id: '1', to: text, subject: text, at: text }] }),
    letters: pages.letters(frame, { letters: [{ name: 'code-code', subject: text }] }),
    letter: pages.inboxLetter(frame, {
      among: 'inbox',
      to: text,
      subject: text,
      at: text,
      text,
      frame: '/dev/inbox/1/html/',
    }),
    ...Object.fromEntries(kinds.map((kind) => [kind, pages.problem(frame, { kind, retryAfter: 872 })])),
  }
}

const count = (text: string, pattern: RegExp): number => [...text.matchAll(pattern)].length

/** The page as it is read: no tags, no entities. */
const read = (page: string): string =>
  page
    .replace(/<[^>]*>/g, ' ')
    .replaceAll('&quot;', '"')
    .replaceAll('&amp;', '&')
    .replace(/\s+/g, ' ')

const hostile = [
  '"><script>alert(1)</script>',
  `' onfocus=alert(1) autofocus x='`,
  '</title></textarea><img src=x onerror=alert(1)>',
  '\u202egro.elpmaxe@ana\u2066',
  `${'a'.repeat(188)}@example.org`,
  '{x} {count, plural, other {#}} &lt;b&gt;',
  'javascript:alert(1) https://evil.example/"onclick="alert(1)',
]

test('no text of a stranger becomes markup, on any page in any wording', () => {
  for (const wording of wordings) {
    for (const text of hostile) {
      const brand = { name: text, longName: text, team: text, logo: text }
      for (const [name, page] of Object.entries(every(frameOf(wording, { brand, csrf: text }), text))) {
        const where = `${name} in ${wording} with ${text}`
        assert.equal(count(page, /<script/gi), 1, where)
        assert.equal(count(page, /<img/gi), 1, where)
        const tags = page.match(/<[a-z](?:"[^"]*"|[^">])*>/gi)!.map((tag) => tag.replace(/"[^"]*"/g, '""'))
        for (const tag of tags) assert.doesNotMatch(tag, /\son\w+=|\sstyle=|'/i, where)
        assert.doesNotMatch(page, /href="javascript:/i, where)
      }
    }
  }
})

test('every page has a language, one heading, one main part and a title of its own', () => {
  for (const wording of wordings) {
    for (const [name, page] of Object.entries(every(frameOf(wording), 'ana@example.org'))) {
      assert.match(page, /^<!doctype html>\n<html lang="en" dir="ltr">/, name)
      assert.equal(count(page, /<h1>/g), 1, name)
      assert.equal(count(page, /<main /g), 1, name)
      assert.match(page, /<title>[^<]+ · NORSU Alumni<\/title>/, name)
    }
  }
})

test('no page holds a style or a script of its own, for the policy forbids them', () => {
  for (const page of Object.values(every(frameOf('code'), 'ana@example.org'))) {
    assert.doesNotMatch(page, /<style|\sstyle=|\son\w+="/)
    assert.match(page, /<script type="module" src="\/script.js"><\/script>/)
  }
})

test('every form posts with its token, and every field has a label', () => {
  for (const [name, page] of Object.entries(every(frameOf('classic'), 'ana@example.org'))) {
    const forms = page.match(/<form[^>]*>[\s\S]*?<\/form>/g) ?? []
    // What chooses a language asks for the page once more, and names nothing else.
    const [menu, ...others] = forms.filter((form) => form.startsWith('<form class="language" method="get">'))
    assert.deepEqual(
      [...menu!.matchAll(/name="([^"]+)"/g)].map(([, field]) => field).filter((one) => one !== 'c'),
      ['lang'],
    )
    assert.match(menu!, /<select name="lang" aria-label="[^"]+">/)
    assert.deepEqual(others, [])
    for (const form of forms.filter((one) => one !== menu)) {
      assert.match(form, /^<form method="post"/, name)
      assert.match(form, /<input type="hidden" name="csrf_token" value="token">/, name)
      for (const [, id] of form.matchAll(/<input id="([^"]+)"/g)) assert.ok(form.includes(`<label for="${id}">`), name)
    }
  }
})

test('ids are told once, and every one that is pointed at is there', () => {
  for (const [name, page] of Object.entries(every(frameOf('code'), 'ana@example.org'))) {
    const ids = [...page.matchAll(/\sid="([^"]+)"/g)].map(([, id]) => id!)
    assert.equal(new Set(ids).size, ids.length, name)
    const pointed = [...page.matchAll(/\s(?:aria-describedby="|aria-controls="|for="|href="#)([^"]+)"/g)]
    for (const [, list] of pointed) for (const id of list!.split(' ')) assert.ok(ids.includes(id), `${name} ${id}`)
  }
})

test('a form that was refused says so in its title, in an alert and at its field', () => {
  const page = pages.ask(frameOf('verified'), {
    ...{ action: '/ask/', field: 'email', value: '', problem: 'email-required', code: false },
  })
  assert.match(page, /<title>Error: Forgot Password\? · NORSU Alumni<\/title>/)
  assert.match(page, /role="alert" tabindex="-1" autofocus/)
  assert.match(page, /aria-describedby="email-error" aria-invalid="true"/)
})

test('browsers and password managers are told what each field is', () => {
  const { ask, code, weak, login } = every(frameOf('code'), 'ana@example.org')
  assert.match(ask!, /autocomplete="username"/)
  assert.match(code!, /autocomplete="one-time-code"[^>]* inputmode="numeric"/)
  assert.doesNotMatch(code!, /maxlength/)
  assert.equal(count(weak!, /autocomplete="new-password"/g), 2)
  assert.match(weak!, /name="username" value="ana@example.org" autocomplete="username" hidden/)
  assert.match(weak!, /minlength="8" passwordrules="minlength: 8; maxlength: 256; required: upper; required: lower/)
  assert.match(login!, /autocomplete="current-password"/)
})

test('the resend form posts the address it was shown, and stands aside where there is none', () => {
  const view = {
    action: '/code/',
    resendAction: '/ask/',
    fields,
    digits: 6,
    minutes: 15,
    problem: null,
    justSent: false,
  }
  const page = pages.code(frameOf('code'), { ...view, address: 'ana@example.org', resendIn: 45 })
  const resend = page.slice(page.indexOf('<section'))
  assert.match(resend, /action="\/ask\/"/)
  assert.match(resend, /name="email" value="ana@example.org"/)
  assert.match(resend, /name="resend" value="1"/)
  assert.match(read(resend), /You can ask for another code in 45 seconds\. Resend Code/)
  assert.doesNotMatch(pages.code(frameOf('code'), { ...view, address: '', resendIn: 0 }), /name="resend"/)
})

test('a countdown is right without a script, and says from when it counts', () => {
  const page = pages.problem(frameOf('code'), { kind: 'too-many-attempts', retryAfter: 872 })
  assert.match(page, /data-countdown="872"/)
  assert.match(read(page), /Countdown: 14:32 remaining , counted from when this page was opened/)
})

test('a letter in the inbox has links that work, and nothing else of it is markup', () => {
  const text = 'Click:\nhttps://app.example/reset/a?b=1&c=2\n<b>https://x.example/"onclick="x</b>'
  const page = pages.inboxLetter(frameOf('classic'), {
    among: 'letters',
    to: 'a',
    subject: 's',
    at: 't',
    text,
    frame: '/f/',
  })
  assert.match(page, /<a href="https:\/\/app.example\/reset\/a\?b=1&amp;c=2" rel="noreferrer">/)
  assert.match(page, /&lt;b&gt;<a href="https:\/\/x.example\/" rel="noreferrer">/)
  assert.match(page, /sandbox="allow-popups allow-popups-to-escape-sandbox"/)
})

test('each flow says what its seed says', () => {
  const at = (wording: string): Record<string, string> => every(frameOf(wording), 'ana@example.org')
  const askWith = (wording: string, problem: Parameters<typeof pages.ask>[1]['problem']): string =>
    pages.ask(frameOf(wording), { action: '/', field: 'email', value: '', problem, code: wording === 'code' })
  const short = pages.newPassword(frameOf('stateless'), {
    ...{ action: '/', fields, challenge: '', account: 'a', minutes: 15, rule: plain },
    unmet: ['too-short', 'mismatch'],
  })
  const [classic, stateless, code, spa, verified] = wordings.map(at)
  const uniform = 'If the email exists, a reset link has been sent.'
  const said: [string | undefined, ...string[]][] = [
    [classic!.login, 'Forgot password?'],
    [classic!.ask, 'Enter email address'],
    [classic!.sent, 'Check your email', '✅ Email Sent! Check your inbox...', 'If that email exists, we sent', uniform],
    [classic!.set, 'New Password', 'Confirm Password', 'Token validated ✅', 'Minimum 8 characters'],
    [classic!.set, 'Cannot be entirely numeric', 'Must be different from old password', 'Confirm password must match'],
    [classic!.done, '✅ Success!', 'Password updated', 'Continue to Login'],
    [classic!['link-dead'], 'Invalid or expired link', 'Invalid Link', 'This link has expired', 'Request New Link'],
    [stateless!.ask, 'Forgot Password?', 'Send Reset Link'],
    [stateless!.sent, 'Check your email', 'If the email exists, you’ll receive a password reset link.', uniform],
    [stateless!.set, 'Set a New Password', 'Change Password'],
    [stateless!.done, 'Password reset successful', 'You can now log in with your new password.'],
    [stateless!['link-dead'], 'Invalid or expired link', 'Please request a new password reset.'],
    [askWith('stateless', 'address-unknown'), 'No user with this email.'],
    [short, 'Passwords do not match.', 'Password must be at least 8 characters.'],
    [askWith('code', null), 'Request Password Reset', 'Enter Email Address', 'Send Verification Code'],
    [code!.unknown, 'This email is not registered', 'Options:', 'Check email spelling', 'Sign up for new account'],
    [code!.unknown, 'Contact support', 'Step 1 of 4'],
    [code!.code, 'Email Address', 'Verification Code', 'Verify Code', "Didn't receive code?", 'Resend Code'],
    [code!.code, 'type it in the browser where you asked', 'If the email exists, a code has been sent.'],
    [code!.codeDead, 'Invalid or expired code', 'Try again with correct code', 'Click "Resend Code"', 'Start over'],
    [code!.set, 'Set New Password', 'New Password', 'Confirm Password', 'Password Requirements:'],
    [code!.weak, 'At least 1 uppercase letter', 'At least 1 lowercase letter', 'At least 1 number'],
    [code!.weak, 'At least 1 special character', 'Not in password history'],
    [code!.weak, 'Password too weak', 'Requirements:', '✓ 8+ characters', '✗ Uppercase letter', '✓ Lowercase letter'],
    [code!.weak, '✓ Number', '✓ Special character'],
    [code!.after, '✅ Password reset successfully!', 'Email/Username', 'Password', 'Sign In', 'Forgot Password?'],
    [code!['too-many-attempts'], 'Too many attempts', 'Please wait 15 minutes and try again'],
    [code!['too-many-attempts'], 'Countdown: 14:32 remaining'],
    [code!['session-expired'], 'Session expired', 'Please start the password reset process again', 'Start Over'],
    [spa!.sent, uniform],
    [spa!.done, 'Password reset successful'],
    [verified!.login, 'Forgot Password?'],
    [verified!.ask, 'Email', 'Send Reset Link'],
    [verified!.sent, '📩 Check your email for the reset link.', uniform],
    [verified!.set, 'New Password', 'Confirm Password', 'Reset Password'],
    [verified!.done, '✅ Password reset successful.'],
    [verified!['missing-token'], 'Missing reset token.'],
    [verified!['link-dead'], 'Invalid or expired link', 'Invalid or expired token.', 'Token has expired.'],
    [askWith('verified', 'email-required'), 'Email is required.'],
    [askWith('verified', 'address-unknown'), 'No account found with that email.'],
    [askWith('verified', 'address-unverified'), 'Please verify your email first.'],
  ]
  for (const [page, ...texts] of said) for (const text of texts) assert.ok(read(page!).includes(text), text)
  // What is said while one types stands in the page for the script.
  assert.match(code!.set!, /data-strong="💪 Strength: Strong"/)
  assert.match(code!.set!, /data-match="✓ Passwords match"/)
})

test('a link that is dead has one and the same title in every flow', () => {
  for (const wording of wordings) {
    const page = pages.problem(frameOf(wording), { kind: 'link-dead', retryAfter: null })
    assert.match(page, /<h1>Invalid or expired link<\/h1>/)
    assert.match(page, /href="\/ask\/">Request New Link</)
  }
})

test('a brand’s colours are worn by its pages, and stand in the one style sheet', () => {
  const colors = { light: '#8b1a2b', dark: '#ffb3bd' }
  const page = pages.ask(frameOf('classic', { brand: { ...norsu, colors } }), {
    ...{ action: '/', field: 'email', value: '', problem: null, code: false },
  })
  assert.match(page, /<html lang="en" dir="ltr" data-brand="8b1a2b-ffb3bd">/)
  const style = brandStyle([colors, undefined, colors])
  assert.equal(count(style, /:root\[data-brand="8b1a2b-ffb3bd"\]/g), 2)
  assert.match(style, /--accent:#8b1a2b;--on-accent:#ffffff.*dark.*--accent:#ffb3bd;--on-accent:#0c1930/)
  assert.equal(brandStyle([undefined]), '')
})

test('help stands in one place on every page, and the way back under the form', () => {
  for (const [name, page] of Object.entries(every(frameOf('classic'), 'ana'))) {
    const [, after = ''] = page.split('</main>')
    assert.match(after, /^\s*<footer>\s*<a href="\/support">Contact support<\/a>/, name)
  }
})

test('a field that is marked as wrong says what is wrong with it', () => {
  for (const wording of wordings) {
    for (const [name, page] of Object.entries(every(frameOf(wording), 'ana@example.org'))) {
      for (const [input] of page.matchAll(/<input[^>]*aria-invalid="true"[^>]*>/g)) {
        const ids = /aria-describedby="([^"]+)"/.exec(input)?.[1]?.split(' ') ?? []
        assert.ok(
          ids.some((id) => id === 'refused' || id.endsWith('-error')),
          `${name}: ${input}`,
        )
      }
    }
  }
})

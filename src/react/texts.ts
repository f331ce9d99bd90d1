/** Every sentence of the components, in English. `{…}` stands for a value. */
import type { Problem } from '../http/wire.ts'
import type { RuleName } from './rules.ts'

/** The defaults: give a component only the sentences that differ. */
export const english = {
  emailLabel: 'Email address',
  emailRequired: 'Email is required',
  emailInvalid: 'Enter an email address, like name@example.com.',
  ask: 'Send reset link',
  asking: 'Sending…',
  codeLabel: 'Verification code',
  codeHint: 'The {digits} digits of the email sent to {email}, if it has an account.',
  codeInvalid: 'Enter the {digits} digits of the code.',
  prove: 'Verify code',
  proving: 'Checking…',
  resend: 'Send a new code',
  resendIn: 'A new code can be sent in {time}.',
  pickerTitle: 'Which account?',
  pickerLead: 'Several accounts have this email address. Choose the one to set a new password for.',
  accountLabel: 'Account',
  passwordLabel: 'New password',
  confirmLabel: 'Confirm new password',
  show: 'Show passwords',
  hide: 'Hide passwords',
  change: 'Reset password',
  changing: 'Saving…',
  tooShort: 'Use at least {min} characters.',
  tooLong: 'Use at most {max} characters.',
  mismatch: 'The two passwords do not match.',
  rulesTitle: 'Your new password needs',
  rulesMet: '{met} of {all} met',
  met: 'Met',
  unmet: 'Not met yet',
  rules: {
    min: 'at least {min} characters',
    max: 'at most {max} characters',
    upper: 'an upper-case letter',
    lower: 'a lower-case letter',
    digit: 'a digit',
    special: 'a special character, like ! or @',
    not_all_digits: 'something other than digits',
    history: 'to differ from your last {history} passwords',
    match: 'to be the same in both fields',
  } satisfies Record<RuleName | 'history', string>,
  remaining: '{time} remaining',
  /** By the code of a problem; a code that is not here shows the server's own sentence. */
  problems: {} as Partial<Record<Problem['code'], string>>,
}

/** The sentences of the components. */
export type Texts = typeof english

/** Sentences that replace the defaults. */
export type TextsGiven = Partial<Omit<Texts, 'rules'>> & { readonly rules?: Partial<Texts['rules']> }

/** The defaults with `given` laid over them. */
export const textsWith = (given: TextsGiven = {}): Texts => ({
  ...english,
  ...given,
  rules: { ...english.rules, ...given.rules },
})

/** A sentence with its values: `fill('{n} left', { n: 2 })`. */
export const fill = (sentence: string, values: Readonly<Record<string, string | number>>): string =>
  sentence.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole))

/** Seconds as one reads them from a clock: `14:32`. */
export const clock = (seconds: number): string =>
  `${Math.floor(seconds / 60)}:${String(Math.floor(seconds) % 60).padStart(2, '0')}`

/** What a problem is called on the page. */
export const sentenceOf = (problem: Problem, texts: Texts): string => texts.problems[problem.code] ?? problem.error

import type { SpaWords } from '../../src/http/wire.ts'
import type { TextsGiven } from '../../src/react/index.ts'

/** What is said until the server has told others, and where it tells none. */
export const english = {
  loading: 'Loading…',
  loadFailed: 'This page could not be loaded',
  tryAgain: 'Try again',
  askHeading: 'Forgot your password?',
  askLead: 'Enter the email address of your account. We send you a link to choose a new password.',
  backToLogin: 'Back to log-in',
  sentHeading: 'Check your email',
  sentLead: 'The email comes within minutes; look among the spam too. Its link works once and for a short time only.',
  otherEmail: 'Use another email address',
  setHeading: 'Choose a new password',
  setLead: 'Type it twice. Afterwards you log in with it.',
  deadHeading: 'This link does not work',
  deadLead: 'A link works once and for a short time only. Request a new one and open it soon.',
  missingHeading: 'Open the link again',
  missing: 'Missing reset token.',
  missingLead:
    'For your safety this page keeps the token of your link in memory only, and has forgotten it. Open the link of the email again, or request a new one.',
  requestNew: 'Request New Link',
  doneHeading: 'Password changed',
  doneLead: 'You can now log in with your new password.',
  loginHeading: 'Log in',
  justReset: 'Password reset successful',
  leaving: 'Taking you to the log-in page…',
  loginElsewhere: 'Go back to the application and log in there.',
  login: 'Log in',
  loginNow: 'Log in now',
  returning: 'You are taken to the log-in page in {seconds} s.',
  stay: 'Stay on this page',
  notFoundHeading: 'Page not found',
  notFoundLead: 'There is nothing at this address.',
}

/** The sentences of the pages, as they were said last: English until the server has told others. */
export let texts: Readonly<typeof english> = english

/** Those of the forms; empty where they say their own. */
export let formTexts: TextsGiven = {}

/** Speaks the visitor's language from now on, and says so on the document; what is not said in it stays English. */
export function speak(words: SpaWords | null, page: Document): void {
  texts = { ...english, ...words?.page }
  formTexts = words ? { ...words.form, rules: words.rules } : {}
  page.documentElement.lang = words?.lang ?? 'en'
  page.documentElement.dir = words?.dir ?? 'ltr'
}

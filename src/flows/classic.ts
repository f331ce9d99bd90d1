import { defaults, defineFlow, plain } from '../engine/flow.ts'

/** A link that lives for a day, then a page for the new password: what Django's own reset looks like. */
export const classic = defineFlow({
  ...defaults,
  name: 'classic',
  wording: 'classic',
  face: 'pages',
  proof: { kind: 'stored', carry: 'path', keep: 'rows', dies: ['password', 'email', 'active'] },
  life: 24 * 3600,
  password: { ...plain, notAllDigits: true },
  fields: { ...defaults.fields, password: 'new_password1', confirm: 'new_password2' },
  routes: {
    login: '/auth/login/',
    ask: '/auth/password-reset/',
    sent: '/auth/password-reset/done/',
    link: ['/auth/password-reset-confirm/:uid/:token/', '/auth/password-reset-confirm/:token/'],
    set: '/auth/password-reset-confirm/set-password/',
    done: '/auth/password-reset-complete/',
  },
})

import { defaults, defineFlow, plain } from '../engine/flow.ts'

/** A link signed over the account's state, an hour long; no row is kept, and any change of that state kills it. */
export const stateless = defineFlow({
  ...defaults,
  name: 'stateless',
  wording: 'stateless',
  face: 'pages',
  proof: { kind: 'signed', carry: 'path', dies: ['password', 'email', 'active'] },
  life: 3600,
  password: plain,
  fields: { ...defaults.fields, password: 'new_password1', confirm: 'new_password2' },
  routes: {
    login: '/login/',
    ask: '/password-reset/',
    sent: '/password-reset/sent/',
    link: ['/reset/:uid/:token/'],
    set: '/reset/set-password/',
    done: '/reset/complete/',
  },
})

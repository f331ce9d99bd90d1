import { defaults, defineFlow, strong } from '../engine/flow.ts'

/** A link for accounts whose address is confirmed; its reference stands in the users table's own two columns. */
export const verified = defineFlow({
  ...defaults,
  name: 'verified',
  wording: 'verified',
  face: 'pages',
  eligible: 'verified',
  proof: { kind: 'stored', carry: 'query', keep: 'columns', dies: ['password', 'email', 'active', 'verified'] },
  life: 1800,
  password: strong,
  limits: { ...defaults.limits, live: 1 },
  fields: { ...defaults.fields, password: 'password', confirm: 'confirm_password' },
  routes: { login: '/login/', ask: '/forgot-password/', link: ['/reset-password/'], set: '/reset-password/' },
})

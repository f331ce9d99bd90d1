import { defaults, defineFlow, strong } from '../engine/flow.ts'

/** Two JSON routes, and a link that leads to a front end of its own. */
export const spa = defineFlow({
  ...defaults,
  name: 'spa',
  wording: 'spa',
  face: 'json',
  proof: { kind: 'stored', carry: 'path', keep: 'rows', dies: ['password', 'email', 'active'] },
  life: 900,
  password: strong,
  routes: {
    ask: '/auth/forgot-password/',
    change: '/auth/reset-password/',
    spa: { login: '/login', ask: '/forgot-password', link: '/reset-password/:token' },
  },
})

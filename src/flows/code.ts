import { type CodeFlow, defaults, defineFlow, strong } from '../engine/flow.ts'

/** Six digits by mail, typed where one asked, then the new password. */
export const code: CodeFlow = defineFlow({
  ...defaults,
  name: 'code',
  wording: 'code',
  face: 'pages',
  proof: { kind: 'code', carry: 'form', digits: 6, tries: 5, resendAfter: 60, dies: ['password', 'email', 'active'] },
  life: 900,
  password: { ...strong, history: 5 },
  routes: {
    login: '/accounts/login/',
    ask: '/accounts/password-reset-email/',
    code: '/accounts/password-reset-otp/',
    set: '/accounts/password-reset-new-password/',
    link: ['/accounts/password-reset-link/:token/'],
    done: 'login',
  },
})

/** Where one logs in. */
import { captchaPart } from './captcha-part.ts'
import { type Html, html, sayFor } from './html.ts'
import { layout } from './layout.ts'
import { alert, field, form, reveal, submit, toast } from './parts.ts'
import type { Frame, LoginView } from './views.ts'

/** The log-in page, with what has just happened on top. */
export function login(frame: Frame, view: LoginView): string {
  const say = sayFor(frame)
  const wasReset = view.toast === 'password-reset'
  const error = view.problem && say(`problem.${view.problem}`)
  return layout(frame, {
    title: say(wasReset ? 'login.after' : 'login.title'),
    step: wasReset ? say('login.step') : '',
    refused: view.problem !== null,
    body: html`${view.toast && toast(say(wasReset ? 'login.toast' : 'login.signed-out'))}
${error && alert(view.problem !== 'login-failed' ? error : html`<a href="#username">${error}</a>`)}
${form(frame, view.action, fields(frame, view))}
<p class="after"><a href="${frame.askUrl}">${say('login.forgot')}</a></p>
${frame.signUpUrl && html`<p class="after"><a href="${frame.signUpUrl}">${say('ways.sign-up')}</a></p>`}`,
  })
}

function fields(frame: Frame, view: LoginView): Html {
  const say = sayFor(frame)
  // Which of the two was wrong is not told, so both are marked and neither has a sentence of its own.
  const isWrong = view.problem === 'login-failed'
  const wrong = isWrong ? html` aria-invalid="true"` : html``
  const tied = isWrong ? { describedBy: 'refused' } : {}
  return html`${field({
    ...tied,
    id: 'username',
    name: 'username',
    label: say('login.username'),
    type: 'text',
    autocomplete: 'username',
    value: view.value,
    more: wrong,
  })}
${field({
  ...tied,
  id: 'password',
  name: 'password',
  label: say('login.password'),
  type: 'password',
  autocomplete: 'current-password',
  more: html`${wrong} data-reveal`,
  below: reveal(frame, 'password'),
})}
${captchaPart(frame, view.captcha)}
${submit(say('login.button'))}`
}

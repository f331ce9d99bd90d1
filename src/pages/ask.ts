/** Where an address is typed. */
import { captchaPart } from './captcha-part.ts'
import { type Html, html, sayFor } from './html.ts'
import { layout } from './layout.ts'
import { alert, field, form, maybeLink, submit } from './parts.ts'
import type { AskView, Frame } from './views.ts'

/** The page that asks whose password it is. */
export function ask(frame: Frame, view: AskView): string {
  const say = sayFor(frame)
  const error = view.problem && say(`problem.${view.problem}`)
  const isCaptcha = view.problem === 'captcha-required'
  const email = field({
    id: 'email',
    name: view.field,
    label: say('ask.label'),
    type: 'email',
    autocomplete: 'username',
    value: view.value,
    placeholder: say('ask.placeholder'),
    error: isCaptcha ? null : error,
    more: html` inputmode="email"`,
  })
  return layout(frame, {
    title: say('ask.title'),
    step: say('ask.step'),
    refused: view.problem !== null,
    body: html`${error && alert(isCaptcha ? error : html`<a href="#email">${error}</a>`, view.problem === 'address-unknown' && ways(frame))}
<p class="lead">${say(view.code ? 'ask.lead-code' : 'ask.lead')}</p>
${form(frame, view.action, html`${email}${captchaPart(frame, view.captcha)}${submit(say(view.code ? 'ask.button-code' : 'ask.button'))}`)}
<p class="after"><a href="${frame.loginUrl}">${say('page.back')}</a></p>`,
  })
}

/** What one may do about an address that nobody has. */
function ways(frame: Frame): Html {
  const say = sayFor(frame)
  return html`<p>${say('ways.title')}</p>
<ul>
<li><a href="#email">${say('ways.check-spelling')}</a></li>
<li>${maybeLink(frame.signUpUrl, say('ways.sign-up'))}</li>
<li>${maybeLink(frame.supportUrl, say('ways.contact'))}</li>
</ul>`
}

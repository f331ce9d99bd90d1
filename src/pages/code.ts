/** Where a code is typed, and where another one is asked for. */
import { life } from '../words/index.ts'
import { captchaPart } from './captcha-part.ts'
import { type Html, html, type Part, sayFor } from './html.ts'
import { layout } from './layout.ts'
import { alert, field, form, hidden, submit, toast } from './parts.ts'
import type { CodeView, Frame } from './views.ts'

/** The page for the code. */
export function code(frame: Frame, view: CodeView): string {
  const say = sayFor(frame)
  const error = view.problem && say(`problem.${view.problem}`)
  const isCaptcha = view.problem === 'captcha-required'
  return layout(frame, {
    title: say('code.title'),
    step: say('code.step'),
    refused: view.problem !== null,
    body: html`${view.justSent && toast(say('sent.uniform'))}
${error && alert(isCaptcha ? error : html`<a href="#code">${error}</a>`, view.problem === 'code-dead' && ways(frame))}
<p class="lead">${say('code.lead')}</p>
${form(frame, view.action, fields(frame, view, isCaptcha ? null : error))}
<section class="help">
<h2>${say('code.missing')}</h2>
<p>${say('code.look')}</p>
${view.address && resend(frame, view)}
</section>
<p class="after"><a href="${frame.askUrl}">${say('code.start-over')}</a></p>`,
  })
}

function fields(frame: Frame, view: CodeView, error: string | null): Html {
  const say = sayFor(frame)
  return html`${field({
    id: 'email',
    name: view.fields.email,
    label: say('code.email'),
    type: 'email',
    autocomplete: 'username',
    value: view.address,
    more: html` inputmode="email"`,
  })}
${field({
  id: 'code',
  name: view.fields.code,
  label: say('code.label'),
  type: 'text',
  autocomplete: 'one-time-code',
  hint: say('code.hint', { digits: view.digits, life: life(say, view.minutes) }),
  error,
  more: html` inputmode="numeric" class="code"`,
})}
${captchaPart(frame, view.captcha)}
${submit(say('code.button'))}`
}

/** Without a script the text says when, and the server holds to it; with one the button waits and counts. */
function resend(frame: Frame, view: CodeView): Html {
  const say = sayFor(frame)
  const wait: Part =
    view.resendIn > 0 &&
    html`<p class="hint" data-wait="${view.resendIn}">${say('code.wait', { seconds: view.resendIn })}</p>`
  const button = html`<button type="submit" class="quiet" id="resend">${say('code.resend')}</button>`
  const own = html`${hidden(view.fields.email, view.address)}${hidden('resend', '1')}${wait}${captchaPart(frame, view.resendCaptcha)}${button}`
  return form(frame, view.resendAction, own)
}

function ways(frame: Frame): Html {
  const say = sayFor(frame)
  return html`<p>${say('ways.title')}</p>
<ul>
<li><a href="#code">${say('code.try-again')}</a></li>
<li><a href="#resend">${say('code.click-resend')}</a></li>
<li><a href="${frame.askUrl}">${say('code.start-over')}</a></li>
</ul>`
}

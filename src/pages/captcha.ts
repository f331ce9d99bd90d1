/** The step before a form where a captcha of somebody else's is solved: no page that holds a secret loads their script. */
import { captchaPart, withoutScript } from './captcha-part.ts'
import { attribute, type Html, html, sayFor } from './html.ts'
import { layout } from './layout.ts'
import { alert, form, hidden, submit } from './parts.ts'
import type { CaptchaStepView, Frame } from './views.ts'

/** The page of the step. */
export function captcha(frame: Frame, view: CaptchaStepView): string {
  const say = sayFor(frame)
  const { provider, problem } = view
  return layout(frame, {
    title: say('captcha.title'),
    refused: problem !== null,
    body: html`${problem && alert(say(`captcha.${problem}`, { provider }))}
<p class="lead">${say('captcha.lead')}</p>
${view.captcha ? null : html`<p class="hint">${say('captcha.from', { provider })}</p>`}
${form(frame, view.action, html`${hidden('to', view.to)}${view.captcha ? captchaPart(frame, view.captcha) : widget(frame, view)}${submit(say('captcha.button'))}`)}
<p class="after"><a href="${frame.loginUrl}">${say('page.back')}</a></p>`,
  })
}

/** The element that the provider's script fills, and the script. */
function widget(frame: Frame, { remote, retryAfter, script }: CaptchaStepView): Html {
  if (!remote) return html``
  const { element, siteKey, action } = remote
  const source = html`<script src="${remote.script}" async defer></script>`
  if (element === null) {
    return html`${captchaPart(frame, { script, retryAfter, score: { siteKey, action } })}${source}`
  }
  return html`<div class="${element}" data-widget data-sitekey="${siteKey}"${attribute(html`data-action`, action)}></div>
${withoutScript(frame, retryAfter)}
<script type="module" src="${script}"></script>
${source}`
}

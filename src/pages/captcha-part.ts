/** What stands in a form that asks for ALTCHA: a task that the browser does when the form is sent. */
import { attribute, type Html, html, type Part, sayFor } from './html.ts'
import type { CaptchaView, Frame } from './views.ts'

/** The part of the form, above its button; nothing where no captcha is asked for. */
export function captchaPart(frame: Frame, view: CaptchaView | null | undefined): Part {
  if (!view) return null
  const say = sayFor(frame)
  return html`<div class="captcha" data-captcha${[
    attribute(html`data-challenge-url`, view.challengeUrl ?? null),
    attribute(html`data-challenge`, view.challenge ?? null),
    attribute(html`data-site-key`, view.score?.siteKey ?? null),
    attribute(html`data-action`, view.score?.action ?? null),
  ]} data-working="${say('captcha.working')}" data-failed="${say('captcha.failed')}">
<input type="hidden" name="captcha" value="">
${!view.score && html`<p class="hint">${say('captcha.altcha')}</p>`}
<p class="hint" role="status"></p>
${withoutScript(frame, view.retryAfter)}
<script type="module" src="${view.script}"></script>
</div>`
}

/** Said plainly where the script has not started, turned off or not loaded, with the way on. It takes this away. */
export function withoutScript(frame: Frame, retryAfter: number | null): Html {
  const say = sayFor(frame)
  const wait = retryAfter !== null && say('captcha.wait', { minutes: Math.ceil(retryAfter / 60) })
  return html`<p class="error without-script" data-without-script>${say('captcha.no-script')} ${wait || say('captcha.no-wait')}</p>`
}

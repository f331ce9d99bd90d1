/** The password is set. */
import { html, sayFor } from './html.ts'
import { layout } from './layout.ts'
import { buttonLink, toast } from './parts.ts'
import type { DoneView, Frame } from './views.ts'

/** Success, and the way on. */
export function done(frame: Frame, view: DoneView): string {
  const say = sayFor(frame)
  return layout(frame, {
    title: say('done.title'),
    sign: 'done',
    body: html`${toast(say('done.toast'))}
<p class="lead">${say(view.home ? 'account.signed-in' : 'done.text')}</p>
${view.home ? buttonLink(view.home, say('done.continue')) : buttonLink(frame.loginUrl, say('done.button'))}`,
  })
}

/** Which account, where a code is for several with one address. Links, so that it needs no script. */
import { html, sayFor } from './html.ts'
import { layout } from './layout.ts'
import type { ChoiceView, Frame } from './views.ts'

/** The page between a right code and the new password. */
export function choice(frame: Frame, view: ChoiceView): string {
  const say = sayFor(frame)
  return layout(frame, {
    title: say('choose.title'),
    step: say('set.step'),
    body: html`<p class="lead">${say('choose.lead')}</p>
<ul class="list">${view.accounts.map(({ name, href }) => html`<li><a class="button" href="${href}"><bdi>${name}</bdi></a></li>`)}</ul>
<p class="after"><a href="${frame.askUrl}">${say('code.start-over')}</a></p>`,
  })
}

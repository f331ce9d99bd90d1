/** Who is signed in, so that each flow can be gone through to its end. */
import { html, sayFor } from './html.ts'
import { layout } from './layout.ts'
import { form, submit } from './parts.ts'
import type { AccountView, Frame } from './views.ts'

/** A plain account page, with the way out. */
export function account(frame: Frame, view: AccountView): string {
  const say = sayFor(frame)
  return layout(frame, {
    title: say('account.title'),
    body: html`<p class="lead">${say('account.signed-in')}</p>
<dl>
<dt>${say('account.email')}</dt><dd><bdi>${view.email}</bdi></dd>
${view.username && html`<dt>${say('account.username')}</dt><dd><bdi>${view.username}</bdi></dd>`}
</dl>
${form(frame, '/logout/', submit(say('account.log-out')))}
<p class="after"><a href="${frame.askUrl}">${say('account.change')}</a></p>`,
  })
}

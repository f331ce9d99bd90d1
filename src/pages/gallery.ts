/** Development only: every flow, one click away, and who may try it. */
import { type Html, html, sayFor } from './html.ts'
import { layout } from './layout.ts'
import type { Frame, GalleryView } from './views.ts'

/** The front page of a development server. */
export function gallery(frame: Frame, view: GalleryView): string {
  const say = sayFor(frame)
  return layout(frame, {
    title: say('gallery.title'),
    wide: true,
    body: html`<p class="lead">${say('gallery.lead')} <a href="/dev/inbox/">${say('gallery.inbox')}</a> · <a href="/dev/letters/">${say('gallery.letters')}</a></p>
<h2>${say('gallery.flows')}</h2>
<ul class="list">${view.flows.map((flow) => flowItem(frame, flow))}</ul>
${view.accounts.length > 0 && accounts(frame, view.accounts)}`,
  })
}

function flowItem(frame: Frame, flow: GalleryView['flows'][number]): Html {
  const say = sayFor(frame)
  const about = say('gallery.about', { flow: flow.name })
  return html`<li>
<h3>${flow.name}</h3>
${about && html`<p>${about}</p>`}
<p class="pair"><a href="${flow.askUrl}">${say('gallery.ask')}</a> <a href="${flow.loginUrl}">${say('gallery.login')}</a></p>
</li>`
}

function accounts(frame: Frame, list: GalleryView['accounts']): Html {
  const say = sayFor(frame)
  return html`<h2>${say('gallery.accounts')}</h2>
<p>${say('gallery.accounts-lead')}</p>
<ul class="list">${list.map(
    (one) => html`<li>
<h3><bdi>${one.email}</bdi></h3>
<p>${one.note}</p>
<dl>
${one.username && html`<dt>${say('account.username')}</dt><dd><bdi>${one.username}</bdi></dd>`}
<dt>${say('login.password')}</dt><dd><code>${one.password}</code></dd>
</dl>
</li>`,
  )}</ul>`
}

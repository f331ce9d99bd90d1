/** Development only: the letters that would have been sent. */
import { html, type Part, sayFor } from './html.ts'
import { layout } from './layout.ts'
import type { Frame, InboxLetterView, InboxView } from './views.ts'

/** The list, newest first. */
export function inbox(frame: Frame, view: InboxView): string {
  const say = sayFor(frame)
  const items = view.letters.map(
    (letter) => html`<li>
<h2><a href="/dev/inbox/${letter.id}/">${letter.subject}</a></h2>
<p>${say('inbox.to')} <bdi>${letter.to}</bdi> <span class="hint">${letter.at}</span></p>
</li>`,
  )
  return layout(frame, {
    title: say('inbox.title'),
    wide: true,
    body: html`<p class="lead">${say('inbox.lead')}</p>
${items.length > 0 ? html`<ul class="list">${items}</ul>` : html`<p>${say('inbox.empty')}</p>`}
<p class="after"><a href="/">${say('gallery.back')}</a></p>`,
  })
}

/** One letter: its text with links that work, and its HTML in a frame that may do nothing but open links. */
export function inboxLetter(frame: Frame, view: InboxLetterView): string {
  const say = sayFor(frame)
  return layout(frame, {
    title: view.subject,
    wide: true,
    body: html`<dl>
<dt>${say('inbox.to')}</dt><dd><bdi>${view.to}</bdi></dd>
${view.at && html`<dt>${say('inbox.at')}</dt><dd>${view.at}</dd>`}
</dl>
<h2>${say('inbox.text')}</h2>
<pre>${linked(view.text)}</pre>
<h2>${say('inbox.html')}</h2>
<iframe title="${say('inbox.html')}" src="${view.frame}" sandbox="allow-popups allow-popups-to-escape-sandbox"></iframe>
<p class="after"><a href="/dev/${view.among}/">${say(view.among === 'inbox' ? 'inbox.back' : 'letters.back')}</a></p>`,
  })
}

/** Every web address in the text as a link; nothing else of it becomes markup. */
const linked = (text: string): Part =>
  text
    .split(/(https?:\/\/[^\s<>"]+)/)
    .map((part, index) => (index % 2 === 1 ? html`<a href="${part}" rel="noreferrer">${part}</a>` : part))

/** Development only: every letter that can be sent, with made-up people. */
import { html, sayFor } from './html.ts'
import { layout } from './layout.ts'
import type { Frame, LettersView } from './views.ts'

/** The list, flow by flow. */
export function letters(frame: Frame, view: LettersView): string {
  const say = sayFor(frame)
  return layout(frame, {
    title: say('letters.title'),
    wide: true,
    body: html`<p class="lead">${say('letters.lead')}</p>
<ul class="list">${view.letters.map(
      ({ name, subject }) => html`<li>
<h2><a href="/dev/letters/${name}/">${subject}</a></h2>
<p class="hint">${name}</p>
</li>`,
    )}</ul>
<p class="after"><a href="/">${say('gallery.back')}</a></p>`,
  })
}

/** After an ask, the same for everybody: where the letter is, and what if it is not. */
import { life } from '../words/index.ts'
import { html, sayFor } from './html.ts'
import { layout } from './layout.ts'
import { toast } from './parts.ts'
import type { Frame, SentView } from './views.ts'

/** "Check your email". */
export function sent(frame: Frame, view: SentView): string {
  const say = sayFor(frame)
  const text = say('sent.text')
  return layout(frame, {
    title: say('sent.title'),
    sign: 'mail',
    body: html`${toast(say('sent.toast'))}
${text && html`<p class="lead">${text}</p>`}
<p>${say('sent.uniform')}</p>
<section class="next">
<h2>${say('sent.next')}</h2>
<ol>
<li>${say('sent.next-open', { subject: say('letter.subject', { brand: frame.brand.name }) })}</li>
<li>${say('sent.next-link', { life: life(say, view.minutes) })}</li>
<li>${say('sent.next-set')}</li>
</ol>
</section>
<section class="help">
<h2>${say('sent.where')}</h2>
<ul>
<li>${say('sent.spam')}</li>
<li>${say('sent.spelling')} <a href="${frame.askUrl}">${say('sent.again')}</a></li>
${frame.supportUrl && html`<li><a href="${frame.supportUrl}">${say('ways.contact')}</a></li>`}
</ul>
</section>
<p class="after"><a href="${frame.loginUrl}">${say('page.back')}</a></p>`,
  })
}

/** The languages, at the foot of each page: a form that works without scripts and leads back to the same page. */
import { locales, nameOf } from '../words/index.ts'
import { type Html, html, sayFor } from './html.ts'
import type { Frame } from './views.ts'

/** Each language under its own name; the one that is spoken is chosen. */
export function languageMenu(frame: Frame): Html {
  const say = sayFor(frame)
  return html`<form class="language" method="get">
${frame.challenge && html`<input type="hidden" name="c" value="${frame.challenge}">`}
<select name="lang" aria-label="${say('page.language')}">
${locales.map((tag) => (tag === frame.locale ? html`<option value="${tag}" lang="${tag}" selected>${nameOf(tag)}</option>` : html`<option value="${tag}" lang="${tag}">${nameOf(tag)}</option>`))}
</select>
<button>${say('page.language-set')}</button>
</form>`
}

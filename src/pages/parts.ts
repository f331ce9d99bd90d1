/** Pieces that several pages are made of. */
import { attribute, type Html, html, type Part, sayFor } from './html.ts'
import type { Frame } from './views.ts'

/** A form that posts, with the token that shows it to be ours. The server's own checks speak, not the browser's. */
export const form = (frame: Frame, action: string, body: Html): Html =>
  html`<form method="post" action="${action}" novalidate data-busy="${sayFor(frame)('page.busy')}">
${hidden('csrf_token', frame.csrf)}
${body}
</form>`

/** A field that nobody sees. */
export const hidden = (name: string, value: string): Html => html`<input type="hidden" name="${name}" value="${value}">`

/** A labelled field, with what helps and what is wrong with it tied to it. */
export type Field = {
  readonly id: string
  readonly name: string
  readonly label: string
  readonly type: 'email' | 'text' | 'password'
  readonly autocomplete: string
  readonly value?: string
  readonly placeholder?: string
  readonly hint?: string | undefined
  readonly error?: string | null
  /** Ids of texts elsewhere that describe it. */
  readonly describedBy?: string
  /** Further attributes, as markup. */
  readonly more?: Html
  /** What stands right below the input, inside the field. */
  readonly below?: Part
}

/** The field as markup. */
export function field(one: Field): Html {
  const { id } = one
  const described = [one.hint && `${id}-hint`, one.error && `${id}-error`, one.describedBy].filter(Boolean).join(' ')
  const isName = one.type !== 'password'
  return html`<div class="field">
<label for="${id}">${one.label}</label>
${one.hint && html`<p class="hint" id="${id}-hint">${one.hint}</p>`}
${one.error && html`<p class="error" id="${id}-error">${one.error}</p>`}
<input id="${id}" name="${one.name}" type="${one.type}" autocomplete="${one.autocomplete}" required${[
    attribute(html`value`, isName ? (one.value ?? '') : null),
    attribute(html`placeholder`, one.placeholder || null),
    attribute(html`aria-describedby`, described || null),
    attribute(html`aria-invalid`, one.error ? 'true' : null),
    isName && html` autocapitalize="none" spellcheck="false" dir="ltr"`,
    one.more,
  ]}>
${one.below}
</div>`
}

/** The button that sends a form. */
export const submit = (label: string): Html => html`<button type="submit">${label}</button>`

/** A button that is not the page's main one. */
export const quiet = (label: string): Html => html`<button type="submit" class="quiet small">${label}</button>`

/** The button that shows what was typed; it stands hidden until there is a script to work it. */
export function reveal(frame: Frame, id: string): Part {
  const say = sayFor(frame)
  return html`<button type="button" class="reveal" aria-controls="${id}" data-show="${say('set.show')}" data-hide="${say('set.hide')}" hidden>${say('set.show')}</button>
<p class="hint caps" role="status" data-caps="${say('page.caps')}"></p>`
}

/** A link that looks like a button. */
export const buttonLink = (href: string, label: string): Html => html`<a class="button" href="${href}">${label}</a>`

/** What was refused, on top of its form: said at once, and the first thing that the keyboard meets. */
export const alert = (title: Part, more: Part = null): Html =>
  html`<div class="alert" role="alert" tabindex="-1" autofocus>
<p class="strong" id="refused">${title}</p>
${more}
</div>`

/** Good news. */
export const toast = (text: string): Part => text && html`<p class="toast" role="status">${text}</p>`

/** A link where there is an address to lead to, else the words alone. */
export const maybeLink = (href: string | null, label: string): Html =>
  href ? html`<a href="${href}">${label}</a>` : html`${label}`

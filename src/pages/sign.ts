/** The sign on top of a page that tells how things stand: drawn here, so that no font and no request has a part in it. */
import { type Html, html } from './html.ts'

/** Every sign: its tone, and its lines on a ground of 24 by 24. */
const signs = {
  mail: ['', html`<path d="M3.5 6h17v12h-17zM4 6.5l8 6 8-6"/>`],
  done: [' good', html`<path d="m5 12.5 4.5 4.5L19 7.5"/>`],
  wait: ['', html`<circle cx="12" cy="12" r="8.5"/><path d="M12 7v5l3 2"/>`],
  broken: [' bad', html`<path d="m9.5 14.5 5-5M11 7l1.5-1.5a4 4 0 0 1 6 6L17 13M13 17l-1.5 1.5a4 4 0 0 1-6-6L7 11"/>`],
  stop: [' bad', html`<circle cx="12" cy="12" r="8.5"/><path d="M12 7.5v5.5M12 16v.2"/>`],
} as const

/** Which sign a page bears. */
export type SignName = keyof typeof signs

/** The sign as markup; words say the same, so it is hidden from ears. */
export function sign(name: SignName): Html {
  const [tone, lines] = signs[name]
  return html`<svg class="sign${tone}" viewBox="-12 -12 48 48" aria-hidden="true" fill="none" stroke="currentColor" stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round">${lines}</svg>`
}

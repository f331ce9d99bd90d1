/** What every page shares: the head, the brand on top, the card in the middle, help at the foot. */
import { paletteOf } from '../engine/palette.ts'
import { locales, words } from '../words/index.ts'
import { brandKey } from './brand-style.ts'
import { attribute, type Html, html, print, sayFor } from './html.ts'
import { languageMenu } from './language-menu.ts'
import { type SignName, sign } from './sign.ts'
import type { Frame } from './views.ts'

/** One page's own part. */
export type Page = {
  readonly title: string
  /** "Step 2 of 4", above the title. */
  readonly step?: string
  /** Stands above the title where the page tells how things stand. */
  readonly sign?: SignName
  /** Whether a form was refused: the title in the tab says so first, for those who hear it. */
  readonly refused?: boolean
  /** Wider, for lists. */
  readonly wide?: boolean
  readonly body: Html
}

/** A picture of our own in the address, so that no page asks for /favicon.ico. */
const icon = ({ colors }: Frame['brand']): string =>
  `data:image/svg+xml,${encodeURIComponent(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="8" fill="${paletteOf(colors).light.accent}"/><path d="M16 7a5 5 0 0 0-2 9.6V25h4v-3h2v-3h-2v-2.4A5 5 0 0 0 16 7z" fill="#fff"/></svg>`)}`

/** The whole document. */
export function layout(frame: Frame, page: Page): string {
  const { brand, locale } = frame
  const say = sayFor(frame)
  const title = say(page.refused ? 'page.title-error' : 'page.title', { page: page.title, brand: brand.name })
  return print(html`<!doctype html>
<html lang="${locale}" dir="${words(locale).dir}"${attribute(html`data-brand`, brandKey(brand.colors))}>
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>${title}</title>
<link rel="icon" href="${icon(brand)}">
<link rel="stylesheet" href="${frame.style}">
<script type="module" src="${frame.script}"></script>
</head>
<body>
<header class="brand">${mark(brand)}<span>${brand.longName}</span></header>
<main class="card"${attribute(html`data-wide`, page.wide)}>
${page.sign && sign(page.sign)}
${page.step && html`<p class="step">${page.step}</p>`}
<h1>${page.title}</h1>
${page.body}
</main>
<footer>
${frame.supportUrl && html`<a href="${frame.supportUrl}">${say('page.support')}</a>`}
${locales.length > 1 && languageMenu(frame)}
</footer>
</body>
</html>
`)
}

const mark = (brand: Frame['brand']): Html =>
  brand.logo
    ? html`<img src="${brand.logo}" alt="" height="40">`
    : html`<span class="mark" aria-hidden="true">${[...brand.name][0]}</span>`

/** What every page shares: the head, the brand on top, the card in the middle, help at the foot. */
import { words } from '../words/index.ts'
import { attribute, type Html, html, print, sayFor } from './html.ts'
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

// A picture of our own in the address, so that no page asks for /favicon.ico.
const icon =
  'data:image/svg+xml,%3Csvg xmlns=%22http://www.w3.org/2000/svg%22 viewBox=%220 0 32 32%22%3E%3Crect width=%2232%22 height=%2232%22 rx=%228%22 fill=%22%231d5fbf%22/%3E%3Cpath d=%22M16 7a5 5 0 0 0-2 9.6V25h4v-3h2v-3h-2v-2.4A5 5 0 0 0 16 7z%22 fill=%22%23fff%22/%3E%3C/svg%3E'

/** The whole document. */
export function layout(frame: Frame, page: Page): string {
  const { brand, locale } = frame
  const say = sayFor(frame)
  const title = say(page.refused ? 'page.title-error' : 'page.title', { page: page.title, brand: brand.name })
  return print(html`<!doctype html>
<html lang="${locale}" dir="${words(locale).dir}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>${title}</title>
<link rel="icon" href="${icon}">
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
${frame.supportUrl && html`<footer><a href="${frame.supportUrl}">${say('page.support')}</a></footer>`}
</body>
</html>
`)
}

const mark = (brand: Frame['brand']): Html =>
  brand.logo
    ? html`<img src="${brand.logo}" alt="" height="40">`
    : html`<span class="mark" aria-hidden="true">${[...brand.name][0]}</span>`

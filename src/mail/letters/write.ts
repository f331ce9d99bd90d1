/**
 * A draft as text and as HTML. Tables for Outlook, which lays out with Word; nothing remote; colours that stand being
 * turned dark, and dark ones of our own for programs that ask. Addresses and codes run from left to right in any language.
 */
import { html, raw } from 'hono/html'
import { type Palette, paletteOf } from '../../engine/palette.ts'
import { words as language } from '../../words/index.ts'
import type { LetterContent, Written } from '../letter.ts'
import type { Block, Draft } from './block.ts'
import { oneLine } from './tidy.ts'

/** What stands around every letter. */
type Frame = Pick<LetterContent, 'locale' | 'brand'>

type Html = ReturnType<typeof html>

/** The finished letter. */
export function write(draft: Draft, content: Frame, footer: string): Written {
  const filled = draft.blocks.filter((block) => block.kind !== 'words' || block.text !== '')
  return {
    subject: oneLine(draft.subject),
    text: `${filled.map(asText).join('').trimStart()}\n\n-- \n${footer}\n`,
    html: document({ ...draft, blocks: filled }, content, footer),
  }
}

/** A link stands right under the sentence that leads to it, on a line of its own, so that it can be copied whole. */
function asText(block: Block): string {
  switch (block.kind) {
    case 'words':
      return `\n\n${block.text}`
    case 'link':
      return `\n${block.href}`
    case 'code':
      return `\n\n${block.code}`
  }
}

const font = "font-family:-apple-system,BlinkMacSystemFont,'Segoe UI',Roboto,Helvetica,Arial,sans-serif"
const colours = { ground: '#f5f4f1', card: '#ffffff', ink: '#1c2127', soft: '#59616b', edge: '#e3e1dc' }

// For mail programs that read it; those that do not show the light colours, which stand being inverted.
const style = ({ dark }: Palette): Html => html`<style>
:root{color-scheme:light dark;supported-color-schemes:light dark}
@media (max-width:480px){.pad{padding-left:22px!important;padding-right:22px!important}.go a{display:block!important}.go{width:100%!important}}
@media (prefers-color-scheme:dark){.page{background:#121417!important}.card{background:#1b1e23!important;border-color:#2e333a!important}
.ink{color:#eceef1!important}.soft{color:#a9b0b9!important}.box{background:#121417!important;border-color:#2e333a!important}
.go td{background:${raw(dark.accent)}!important}.go a{color:${raw(dark.onAccent)}!important}}
</style>`

// What else would be shown beside the subject is pushed out of sight: a gap that no program folds, so many times.
const gap = raw('&#847;&zwnj;&nbsp;'.repeat(60))

function document(draft: Draft, content: Frame, footer: string): string {
  const palette = paletteOf(content.brand.colors)
  const { dir } = language(content.locale)
  const { ground, card, edge } = colours
  const title = oneLine(draft.subject)
  const page = html`<!doctype html>
<html lang="${content.locale}" dir="${dir}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<meta name="format-detection" content="telephone=no, date=no, address=no, email=no, url=no">
<meta name="x-apple-disable-message-reformatting">
<title>${title}</title>
${style(palette)}
</head>
<body class="page" style="margin:0;padding:0;background:${ground};-webkit-text-size-adjust:100%">
<div style="display:none;max-height:0;overflow:hidden;mso-hide:all" aria-hidden="true">${draft.preview}${gap}</div>
<table role="presentation" class="page" dir="${dir}" width="100%" cellpadding="0" cellspacing="0" border="0" bgcolor="${ground}" style="background:${ground}"><tr><td align="center" style="padding:32px 12px">
${raw('<!--[if mso]><table role="presentation" width="560" cellpadding="0" cellspacing="0" border="0"><tr><td><![endif]-->')}
<table role="presentation" class="card" dir="${dir}" lang="${content.locale}" width="100%" cellpadding="0" cellspacing="0" border="0" bgcolor="${card}" style="max-width:560px;background:${card};border:1px solid ${edge};border-radius:16px;border-collapse:separate">
<tr><td class="soft pad" style="padding:32px 36px 0;${raw(font)};font-size:14px;line-height:20px;font-weight:600;color:${colours.soft}">${content.brand.longName}</td></tr>
<tr><td class="pad" style="padding:6px 36px 6px"><h1 class="ink" style="margin:0;${raw(font)};font-size:24px;line-height:30px;font-weight:700;color:${colours.ink}">${heading(title, content)}</h1></td></tr>
${draft.blocks.map((block) => asHtml(block, palette))}
<tr><td class="soft pad" style="padding:28px 36px 32px;${raw(font)};font-size:13px;line-height:20px;color:${colours.soft}">${footer}</td></tr>
</table>
${raw('<!--[if mso]></td></tr></table><![endif]-->')}
</td></tr></table>
</body>
</html>
`
  return String(page)
}

/** Who sends it stands right above already. */
const heading = (title: string, { brand }: Frame): string =>
  title.startsWith(`${brand.name} - `) ? title.slice(brand.name.length + 3) : title

const fine = `font-size:13px;line-height:20px;color:${colours.soft}`

function asHtml(block: Block, palette: Palette): Html {
  switch (block.kind) {
    case 'words':
      return block.small ? row('soft', fine, lines(block.text)) : paragraph(block.text)
    case 'link':
      return html`${button(block.href, block.label, palette)}${row('soft', `${fine};padding-bottom:0`, block.copy)}${row('soft', `${fine};padding-top:2px;word-break:break-all`, leftToRight(block.href))}`
    case 'code':
      return box(block.code)
  }
}

const row = (color: 'ink' | 'soft', style: string, text: Html | Html[] | string): Html =>
  html`<tr><td class="${color} pad" style="padding:14px 36px 0;${raw(font)};${raw(style)}">${text}</td></tr>
`

const paragraph = (text: string): Html =>
  row('ink', `font-size:16px;line-height:25px;color:${colours.ink}`, lines(text))

const lines = (text: string): Html[] =>
  text.split('\n').map((line, index) => html`${index > 0 ? raw('<br>') : ''}${line}`)

const leftToRight = (text: string): Html => html`<span dir="ltr" style="unicode-bidi:isolate">${text}</span>`

/** A cell with a colour, not a link with padding alone: Outlook paints the one and not the other. */
const button = (
  href: string,
  label: string,
  { light }: Palette,
): Html => html`<tr><td class="pad" style="padding:22px 36px 6px">
<table role="presentation" class="go" cellpadding="0" cellspacing="0" border="0"><tr><td align="center" bgcolor="${light.accent}" style="border-radius:10px;background:${light.accent}">
<a href="${href}" target="_blank" style="display:inline-block;padding:14px 28px;${raw(font)};font-size:16px;line-height:20px;font-weight:600;color:${light.onAccent};text-decoration:none">${label}</a>
</td></tr></table>
</td></tr>
`

/** One line whatever the width, spaced by style and not by spaces, so that it is copied as it is typed. */
const box = (code: string): Html => html`<tr><td class="pad" style="padding:20px 36px 6px">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0"><tr><td class="box ink" dir="ltr" align="center" bgcolor="${colours.ground}" style="padding:20px 8px;background:${colours.ground};border:1px solid ${colours.edge};border-radius:12px;font-family:Consolas,Menlo,'Courier New',monospace;font-size:32px;line-height:40px;font-weight:700;letter-spacing:8px;white-space:nowrap;color:${colours.ink}">${code}</td></tr></table>
</td></tr>
`

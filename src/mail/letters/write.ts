/** A draft as text and as HTML. Table layout for Outlook, nothing remote, and colours that stand being turned dark. */
import { html, raw } from 'hono/html'
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

// For mail programs that read it; those that do not show the light colours, which stand being inverted.
const dark = raw(`<style>
:root{color-scheme:light dark;supported-color-schemes:light dark}
@media (prefers-color-scheme:dark){.page{background:#15191d!important}.card{background:#1f252b!important}
.ink{color:#e8ecef!important}.soft{color:#a9b4bd!important}.box{background:#15191d!important;border-color:#45525d!important}}
</style>`)

function document(draft: Draft, content: Frame, footer: string): string {
  const page = html`<!doctype html>
<html lang="${content.locale}" dir="${language(content.locale).dir}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<meta name="format-detection" content="telephone=no, date=no, address=no, email=no, url=no">
<title>${oneLine(draft.subject)}</title>
${dark}
</head>
<body class="page" style="margin:0;padding:0;background:#f2f4f6">
<div style="display:none;max-height:0;overflow:hidden">${draft.preview}</div>
<table role="presentation" class="page" width="100%" cellpadding="0" cellspacing="0" border="0" bgcolor="#f2f4f6" style="background:#f2f4f6"><tr><td align="center" style="padding:24px 12px">
<table role="presentation" class="card" width="100%" cellpadding="0" cellspacing="0" border="0" bgcolor="#ffffff" style="max-width:560px;background:#ffffff;border-radius:12px">
<tr><td class="ink" style="padding:28px 28px 0;${raw(font)};font-size:18px;font-weight:600;color:#1b242c">${content.brand.longName}</td></tr>
${draft.blocks.map(asHtml)}
<tr><td class="soft" style="padding:20px 28px 28px;${raw(font)};font-size:13px;line-height:20px;color:#5a6670">${footer}</td></tr>
</table>
</td></tr></table>
</body>
</html>
`
  return String(page)
}

function asHtml(block: Block): Html {
  switch (block.kind) {
    case 'words':
      return block.small
        ? row('soft', 'font-size:13px;line-height:20px;color:#5a6670', block.text)
        : paragraph(block.text)
    case 'link':
      return html`${button(block.href, block.label)}${paragraph(block.copy)}${row('soft', 'font-size:14px;line-height:21px;color:#5a6670;word-break:break-all', block.href)}`
    case 'code':
      return box(block.code)
  }
}

const row = (color: 'ink' | 'soft', style: string, text: string): Html =>
  html`<tr><td class="${color}" style="padding:14px 28px 0;${raw(font)};${style}">${lines(text)}</td></tr>
`

const paragraph = (text: string): Html => row('ink', 'font-size:16px;line-height:24px;color:#1b242c', text)

const lines = (text: string): Html[] =>
  text.split('\n').map((line, index) => html`${index > 0 ? raw('<br>') : ''}${line}`)

/** A cell with a colour, not a link with padding: Outlook paints the one and not the other. */
const button = (href: string, label: string): Html => html`<tr><td style="padding:18px 28px 4px">
<table role="presentation" cellpadding="0" cellspacing="0" border="0"><tr><td bgcolor="#1d5fbf" style="border-radius:8px;background:#1d5fbf">
<a href="${href}" target="_blank" style="display:inline-block;padding:13px 26px;${raw(font)};font-size:16px;font-weight:600;color:#ffffff;text-decoration:none">${label}</a>
</td></tr></table>
</td></tr>
`

/** One line whatever the width, spaced by style and not by spaces, so that it is copied as it is typed. */
const box = (code: string): Html => html`<tr><td style="padding:18px 28px 4px">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0"><tr><td class="box ink" align="center" bgcolor="#f2f4f6" style="padding:18px 8px;background:#f2f4f6;border:1px solid #cfd6dc;border-radius:8px;font-family:Consolas,Menlo,'Courier New',monospace;font-size:30px;line-height:36px;font-weight:700;letter-spacing:6px;white-space:nowrap;color:#1b242c">${code}</td></tr></table>
</td></tr>
`

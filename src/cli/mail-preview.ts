import { mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import * as builtIn from '../flows/index.ts'
import { fullBrand } from '../http/parts.ts'
import { writeLetter } from '../mail/letters/index.ts'
import { lettersOf } from '../mail/letters/samples.ts'
import { loadConfig } from '../server/config.ts'
import { locales, nameOf, ready } from '../words/index.ts'
import { type Command, configFlag, configHelp, readArgs, UsageError } from './command.ts'

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')

type Row = { readonly locale: string; readonly name: string; readonly subject: string }

/** What is there, by language, with each letter's subject. */
function index(rows: readonly Row[]): string {
  const list = [...new Set(rows.map(({ locale }) => locale))].map((locale) => {
    const items = rows
      .filter((row) => row.locale === locale)
      .map(({ name, subject }) => {
        const at = `${locale}/${name}`
        return `<li><a href="${at}.html" lang="${locale}">${escaped(subject)}</a> (${name}, <a href="${at}.txt">text</a>)</li>`
      })
    return `<h2 lang="${locale}">${escaped(nameOf(locale))}</h2>\n<ul>\n${items.join('\n')}\n</ul>`
  })
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Letters</title>
<body style="max-width:46rem;margin:2rem auto;padding:0 1rem;font:1rem/1.6 system-ui,sans-serif">
<h1>Letters</h1>
${list.join('\n')}
</body>
</html>
`
}

/** Writes every letter of every flow to files, with made-up people. */
export const mailPreview: Command = {
  help: `
Usage: latchkey mail preview [flags]

  --out FOLDER    where the files go; default: letters
  --lang TAG      one language, such as en; default: all there are
${configHelp}

Writes every letter of every flow as HTML and as text, and an index.html that leads to them. Brands and addresses are
those of the configuration; people and links are made up, and open nothing. Nothing is sent.`,
  async run(args, io) {
    const flags = { ...configFlag, out: { type: 'string' }, lang: { type: 'string' } } as const
    const { values } = readArgs(args, flags)
    const { lang } = values
    if (lang !== undefined && !locales.includes(lang)) {
      throw new UsageError(`"${lang}" is no language that letters are written in; there are ${locales.join(', ')}`)
    }
    // Whatever else is the matter with the configuration, its letters can be looked at.
    const { options } = await loadConfig(io.environment, { config: values.config }, io.folder)
    const flows = options.flows ?? Object.values(builtIn)
    const out = resolve(io.folder, values.out ?? 'letters')
    const rows: Row[] = []
    for (const locale of lang === undefined ? locales : [lang]) {
      await ready(locale)
      mkdirSync(join(out, locale), { recursive: true })
      for (const { name, content } of flows.flatMap((flow) => lettersOf(locale, flow, fullBrand(flow.brand)))) {
        const { subject, text, html } = writeLetter(content)
        writeFileSync(join(out, locale, `${name}.html`), html)
        writeFileSync(join(out, locale, `${name}.txt`), `Subject: ${subject}\n\n${text}`)
        rows.push({ locale, name, subject })
      }
    }
    writeFileSync(join(out, 'index.html'), index(rows))
    await io.out(`${rows.length} letters are in ${out}: open ${join(out, 'index.html')}.\n`)
    return 0
  },
}

/** Markup as a value: everything that is put into a template is escaped, unless it is markup itself. */
import { html as tag } from 'hono/html'
import type { HtmlEscapedString } from 'hono/utils/html'
import { type Say, speaker } from '../words/index.ts'
import type { Frame } from './views.ts'

/** Markup that is safe to put into markup. */
export type Html = HtmlEscapedString

/** What a template takes: text, numbers, markup, lists of them, or nothing. */
export type Part = string | number | false | null | undefined | Html | readonly Part[]

/** Hono's template, which answers at once as long as it is given no promise. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
  const made = tag(strings, ...parts)
  if (made instanceof Promise) throw new TypeError('A page holds no promise')
  return made
}

/** An attribute, or nothing where its value is nothing; `true` writes the name alone. */
export const attribute = (name: Html, value: string | number | boolean | null | undefined): Html =>
  value === null || value === undefined || value === false
    ? html``
    : value === true
      ? html` ${name}`
      : html` ${name}="${value}"`

/**
 * The finished document. Apostrophes stand as themselves, so that a sentence is found in the source as it is written:
 * every attribute of ours stands in double quotes, and a test holds us to it.
 */
export const print = (document: Html): string => document.toString().replaceAll('&#39;', "'")

/** The sentences of this page. */
export const sayFor = (frame: Frame): Say => speaker(frame.locale, frame.wording)

/** Development only: the gallery of flows, the inbox and every letter. */
import type { Context } from 'hono'
import * as pages from '../pages/index.ts'
import { refusalPage } from './faces.ts'
import { localeOf } from './language.ts'
import { type Env, frameOf, type Parts } from './parts.ts'
import { hasPages, loginPath, shared } from './routes.ts'

type C = Context<Env>

/** The flows, each one click away. */
export function showGallery(c: C, parts: Parts): Response | Promise<Response> {
  const flows = parts.flows.map((flow) =>
    hasPages(flow)
      ? { name: flow.name, askUrl: flow.routes.ask, loginUrl: loginPath(flow) }
      : { name: flow.name, askUrl: parts.spaUrl + flow.routes.spa.ask, loginUrl: parts.spaUrl + flow.routes.spa.login },
  )
  const accounts = parts.development?.accounts ?? []
  return c.html(pages.gallery(frameOf(c, parts, null), { flows, accounts }))
}

const time = (at: number): string => `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')} UTC`

/** Letters, newest first. */
export function showInbox(c: C, parts: Parts): Response | Promise<Response> {
  const letters = (parts.development?.inbox?.letters ?? []).map(({ id, to, subject, at }) => ({
    id,
    to,
    subject,
    at: time(at),
  }))
  return c.html(pages.inbox(frameOf(c, parts, null), { letters }))
}

/** One letter: its text, and its HTML in a frame. */
export function showLetter(c: C, parts: Parts, id: string): Response | Promise<Response> {
  const letter = parts.development?.inbox?.letters.find((one) => one.id === id)
  if (!letter) return refusalPage(c, parts, null, 'not-found')
  const { to, subject, text, at } = letter
  const frame = `${shared.inbox}${id}/html/`
  return c.html(pages.inboxLetter(frameOf(c, parts, null), { among: 'inbox', to, subject, text, at: time(at), frame }))
}

/** A letter's HTML as it left, under a policy that lets its own styles and links work and nothing else. */
export function showLetterHtml(c: C, parts: Parts, id: string): Response | Promise<Response> {
  const letter = parts.development?.inbox?.letters.find((one) => one.id === id)
  return letter ? framed(c, letter.html) : refusalPage(c, parts, null, 'not-found')
}

function framed(c: C, html: string): Response | Promise<Response> {
  c.header(
    'Content-Security-Policy',
    `default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'`,
  )
  return c.html(html)
}

const samples = (c: C, parts: Parts) => parts.development?.letters(localeOf(c)) ?? []

/** Every letter that can be sent, in the language of the request. */
export const showSamples = (c: C, parts: Parts): Response | Promise<Response> =>
  c.html(pages.letters(frameOf(c, parts, null), { letters: samples(c, parts) }))

/** One of them: its text, and its HTML in a frame. */
export function showSample(c: C, parts: Parts, name: string): Response | Promise<Response> {
  const letter = samples(c, parts).find((one) => one.name === name)
  if (!letter) return refusalPage(c, parts, null, 'not-found')
  const { to, subject, text } = letter
  const frame = `${shared.letters}${name}/html/?lang=${localeOf(c)}`
  return c.html(pages.inboxLetter(frameOf(c, parts, null), { among: 'letters', to, subject, text, at: null, frame }))
}

/** Its HTML. */
export function showSampleHtml(c: C, parts: Parts, name: string): Response | Promise<Response> {
  const letter = samples(c, parts).find((one) => one.name === name)
  return letter ? framed(c, letter.html) : refusalPage(c, parts, null, 'not-found')
}

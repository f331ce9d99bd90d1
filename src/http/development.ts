/** Development only: the gallery of flows and the inbox. */
import type { Context } from 'hono'
import * as pages from '../pages/index.ts'
import { refusalPage } from './faces.ts'
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
  return c.html(pages.inboxLetter(frameOf(c, parts, null), { to, subject, text, at: time(at), frame }))
}

/** A letter's HTML as it left, under a policy that lets its own styles and links work and nothing else. */
export function showLetterHtml(c: C, parts: Parts, id: string): Response | Promise<Response> {
  const letter = parts.development?.inbox?.letters.find((one) => one.id === id)
  if (!letter) return refusalPage(c, parts, null, 'not-found')
  c.header(
    'Content-Security-Policy',
    `default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'`,
  )
  return c.html(letter.html)
}

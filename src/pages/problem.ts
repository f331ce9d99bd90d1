/** Noes that have a page of their own. */
import { type Html, html, sayFor } from './html.ts'
import { layout } from './layout.ts'
import { buttonLink } from './parts.ts'
import type { Frame, ProblemView } from './views.ts'

/** A page that says what is the matter and what to do about it. */
export function problem(frame: Frame, view: ProblemView): string {
  switch (view.kind) {
    case 'link-dead':
      return deadLink(frame)
    case 'session-expired':
      return expired(frame)
    case 'too-many-attempts':
      return tooMany(frame, view.retryAfter ?? 60)
    default:
      return other(frame, view.kind)
  }
}

/** One page for a link that is wrong, old, used or revoked: which of them it is would tell a stranger something. */
function deadLink(frame: Frame): string {
  const say = sayFor(frame)
  const reasons = [say('dead.expired'), say('dead.used'), say('dead.changed'), say('dead.cut')]
  return layout(frame, {
    title: say('dead.title'),
    sign: 'broken',
    body: html`<p class="lead">${say('dead.text')}</p>
<p>${say('dead.reasons')}</p>
<ul>${reasons.map((reason) => html`<li>${reason}</li>`)}</ul>
<p class="hint">${say('dead.look')}</p>
${buttonLink(frame.askUrl, say('dead.button'))}
${back(frame)}`,
  })
}

function expired(frame: Frame): string {
  const say = sayFor(frame)
  return layout(frame, {
    title: say('problem.session-expired'),
    sign: 'wait',
    body: html`<p class="lead">${say('session.text')}</p>
${buttonLink(frame.askUrl, say('session.button'))}
${back(frame)}`,
  })
}

/** Seconds as one reads them from a clock: `14:32`. */
export const clock = (seconds: number): string =>
  `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, '0')}`

/** The countdown runs by the script; without one it says from when it counts. */
function tooMany(frame: Frame, seconds: number): string {
  const say = sayFor(frame)
  const countdown = say('limit.countdown', { time: clock(seconds) })
  return layout(frame, {
    title: say('problem.too-many-attempts'),
    sign: 'wait',
    body: html`<p class="lead">${say('limit.text', { minutes: Math.ceil(seconds / 60) })}</p>
<p class="countdown"><span role="timer" data-countdown="${seconds}" data-over="${say('limit.over')}">${countdown}</span><noscript>${say('limit.since')}</noscript></p>
<p>${say('limit.why')}</p>
<a class="button" href="">${say('limit.button')}</a>
${back(frame)}`,
  })
}

type Other = Exclude<ProblemView['kind'], 'link-dead' | 'session-expired' | 'too-many-attempts'>

function other(frame: Frame, kind: Other): string {
  const say = sayFor(frame)
  const [href, label] =
    kind === 'missing-token'
      ? [frame.askUrl, say('dead.button')]
      : kind === 'unavailable' || kind === 'unsettled'
        ? ['', say('limit.button')]
        : [frame.askUrl, say('page.start-over')]
  return layout(frame, {
    title: say(`problem.${kind}`),
    sign: 'stop',
    body: html`<p class="lead">${say(`problem.${kind}.text`)}</p>
${buttonLink(href, label)}
${back(frame)}`,
  })
}

const back = (frame: Frame): Html =>
  html`<p class="after"><a href="${frame.loginUrl}">${sayFor(frame)('page.back')}</a></p>`

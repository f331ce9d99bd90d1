/** What a call does that is asked for a captcha: ALTCHA it solves by itself, unseen; a provider's is the page's to show. */
import type { Problem } from '../http/wire.ts'
import { solveAltcha } from './altcha.ts'
import type { Answer } from './exchange.ts'

/** Calls; where ALTCHA is asked for, solves it and calls once more. `captcha`: the answer that the page has, if any. */
export async function withCaptcha<T>(
  call: (captcha?: string) => Promise<Answer<T>>,
  { captcha, signal }: { readonly captcha?: string; readonly signal?: AbortSignal },
): Promise<Answer<T>> {
  const answer = await call(captcha)
  const challenge = answer.ok ? null : challengeIn(answer.problem)
  if (!challenge) return answer
  const solved = await solveAltcha(challenge, signal).catch(() => null)
  return solved === null ? answer : call(solved)
}

const challengeIn = ({ code, captcha }: Problem) => (code === 'captcha-required' && captcha?.challenge) || null

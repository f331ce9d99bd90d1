/** A user agent as its owner knows it: "Firefox on Windows". */
import type { Say } from '../words/index.ts'

/** What the header has to hold, the telling before the told: most browsers also name those that they descend from. */
const browsers = [
  ['Edge', /\bEdgA?(?:iOS)?\//],
  ['Opera', /\bOPR\//],
  ['Samsung Internet', /\bSamsungBrowser\//],
  ['Vivaldi', /\bVivaldi\//],
  ['Firefox', /\bFirefox\/|\bFxiOS\//],
  ['Chrome', /\bChrome\/|\bCriOS\/|\bHeadlessChrome\//],
  ['Safari', /\bVersion\/[\d.]+ .*Safari\//],
  ['curl', /^curl\//],
] as const

const systems = [
  ['iPadOS', /\biPad\b/],
  ['iOS', /\biPhone\b|\biPod\b/],
  ['Android', /\bAndroid\b/],
  ['ChromeOS', /\bCrOS\b/],
  ['Windows', /\bWindows\b/],
  ['macOS', /\bMacintosh\b/],
  ['Linux', /\bLinux\b/],
] as const

/** Browser and system, or what of them is known. What the header itself says is never repeated: anybody may write it. */
export function agentName(say: Say, agent: string): string {
  const [browser, system] = [browsers, systems].map((list) => list.find(([, sign]) => sign.test(agent))?.[0])
  if (browser && system) return say('agent.on', { browser, system })
  return browser ?? system ?? say('agent.unknown')
}

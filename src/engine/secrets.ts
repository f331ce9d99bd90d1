/** What a master secret must not be: short, a sample, or one of another's. No answer of these holds any of it. */

/** Fewest characters of a secret. */
export const leastSecret = 32

/** Fewest different characters: 32 random hexadecimal digits have 14 on average, and under 10 once in ten thousand. */
const leastDifferent = 10

/** What tutorials, templates and tired fingers leave in place. */
const samples =
  /^(django-insecure-|change[-_ ]?(me|this|it)|your[-_ ]|my[-_ ]|insecure|replace[-_ ]|super[-_ ]?secret|secret[-_ ]?key|(example|sample|default|dummy|password|keyboard|secret|test)([-_ ]|\d|$)|qwert[yz]|letmein|<|\$\{|\{\{)/i

/** Why a secret can be guessed from what is public, or is hardly one at all; null for a sound one. */
export function weakness(secret: string): 'short' | 'sample' | null {
  if (secret.length < leastSecret) return 'short'
  // A text twice over, or a short one over and over with the rest of it at the end.
  const isRepeated = /^(.{1,24}?)\1+$/s.test(secret) || /^(.{1,12}?)\1{2,}.{0,11}$/s.test(secret)
  const isSample = samples.test(secret) || new Set(secret).size < leastDifferent || isRepeated || climbs(secret)
  return isSample ? 'sample' : null
}

/** Whether most characters stand beside the one before them in the alphabet: "abcdef…", "987654…", "0123456789abcdef…". */
function climbs(secret: string): boolean {
  const steps = [...secret].map((one, at, all) => one.charCodeAt(0) - (all[at - 1]?.charCodeAt(0) ?? 0))
  return steps.filter((step) => Math.abs(step) <= 1).length > secret.length / 2
}

/** Whether a list of earlier secrets names one twice. */
export const hasTwice = (secrets: readonly string[]): boolean => new Set(secrets).size < secrets.length

/** Why these secrets cannot be used, as sentences; none when they can. A sample is taken in development. */
export function refuseSecrets(secret: string, fallbacks: readonly string[], development: boolean): string[] {
  const reasons: string[] = []
  const weak = weakness(secret)
  if (weak === 'short') reasons.push(`secret: at least ${leastSecret} characters; "latchkey secret" makes one.`)
  if (weak === 'sample' && !development) {
    reasons.push('secret: it is a sample or repeats itself; "latchkey secret" makes a new one.')
  }
  if (fallbacks.includes(secret)) reasons.push('secretFallbacks: holds the secret itself.')
  if (hasTwice(fallbacks)) reasons.push('secretFallbacks: holds one secret twice.')
  const weakest = fallbacks.map(weakness)
  if (!development && weakest.some((one) => one !== null)) {
    reasons.push('secretFallbacks: holds a secret that is short or a sample; proofs made with it can be forged.')
  }
  return reasons
}

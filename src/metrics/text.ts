/** Prometheus' text format, version 0.0.4: the few lines of it that counters, gauges and histograms need. */

/** A family of series. Labels are a closed set: what they may hold is written down beside them. */
export type Family = {
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly help: string
  readonly labels: readonly string[]
}

/** A value under label values, in the order of the family's labels; `suffix` for the parts of a histogram. */
export type Sample = { readonly suffix?: string; readonly labels: readonly string[]; readonly value: number }

/** The type of the text, for `Content-Type`. */
export const contentType = 'text/plain; version=0.0.4; charset=utf-8'

/** One family as text; nothing where there is no sample. `extra`: names of labels that its samples have besides. */
export function familyText(name: string, { type, help, labels }: Family, samples: readonly Sample[]): string {
  if (samples.length === 0) return ''
  const lines = samples.map((sample) => {
    const names = sample.labels.length > labels.length ? [...labels, 'le'] : labels
    const pairs = names.map((label, at) => `${label}="${escaped(sample.labels[at] ?? '')}"`)
    return `${name}${sample.suffix ?? ''}${pairs.length > 0 ? `{${pairs.join(',')}}` : ''} ${numberText(sample.value)}\n`
  })
  return `# HELP ${name} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}\n# TYPE ${name} ${type}\n${lines.join('')}`
}

const escaped = (value: string): string => value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')

function numberText(value: number): string {
  if (Number.isNaN(value)) return 'NaN'
  if (Number.isFinite(value)) return String(value)
  return value > 0 ? '+Inf' : '-Inf'
}

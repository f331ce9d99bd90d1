import type { ReactElement } from 'react'
import type { Rules } from '../http/wire.ts'
import type { Ticked } from './rules.ts'
import { fill, type Texts } from './texts.ts'

/** What a `RulesList` takes. */
export type RulesListProps = {
  readonly id: string
  readonly rules: Rules
  readonly ticked: readonly Ticked[]
  readonly texts: Texts
}

/** The rules, each with whether it is met. It stands before the fields: rules are to be read before one types. */
export function RulesList({ id, rules, ticked, texts }: RulesListProps): ReactElement {
  const { min, max, history } = rules
  const met = ticked.filter((entry) => entry.met).length
  return (
    <div className="latchkey-rules">
      <p id={`${id}-title`}>{texts.rulesTitle}</p>
      <ul id={id} aria-labelledby={`${id}-title`}>
        {ticked.map((entry) => (
          <li key={entry.rule} data-met={entry.met}>
            <span role="img" aria-label={entry.met ? texts.met : texts.unmet}>
              {entry.met ? '✓' : '○'}
            </span>{' '}
            {fill(texts.rules[entry.rule], { min, max })}
          </li>
        ))}
        {history > 0 && <li>{fill(texts.rules.history, { history })}</li>}
      </ul>
      <p role="status">{fill(texts.rulesMet, { met, all: ticked.length })}</p>
    </div>
  )
}

/** From what was recognised and counted to a configuration: the mapping as it will be written, and what is to be told. */
import type { FormName } from '../accounts/formats/index.ts'
import type { AccountsTable } from '../engine/ports.ts'
import type { Mapped, Source } from './source.ts'
import { type Survey, survey } from './survey.ts'
import type { Proposal } from './system.ts'

/** What is written and told. */
export type Plan = {
  readonly proposal: Proposal
  readonly mapping: AccountsTable
  readonly form: FormName
  /** Whether a row says so, and not only the system's habit. */
  readonly isSeen: boolean
  readonly mapped: Mapped
  readonly survey: Survey
}

/** Looks at the proposal's rows. */
export async function plan(source: Source, proposal: Proposal): Promise<Plan> {
  let mapping = proposal.mapping
  let mapped = await source.mapped(mapping)
  const counted = await survey(source, mapped, proposal.forms)
  // Where the system writes lower case only, and a plain index is what it has, that one serves.
  if (mapped.index === null && proposal.lowers && counted.capitals === 0) {
    const lower: AccountsTable = { ...mapping, compare: 'lower' }
    const served = await source.mapped(lower)
    if (served.index !== null) {
      mapping = lower
      mapped = served
    }
  }
  const form = counted.form ?? proposal.forms[0] ?? 'argon2id'
  return { proposal, mapping, form, isSeen: counted.form !== null, mapped, survey: counted }
}

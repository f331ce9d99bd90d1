import { createContext, use } from 'react'
import { type RecoveryVerbs, recoveryClient, spaVerbs } from '../../src/react/index.ts'
import type { Config } from './config.ts'

/** What every page may need: the server's configuration and the verbs. */
export type Setup = { readonly config: Config; readonly verbs: RecoveryVerbs }

/** A setup of a configuration. */
export const setUp = (config: Config): Setup => ({
  config,
  verbs: spaVerbs(recoveryClient({ base: config.api, flow: 'spa' })),
})

/** The setup of the application. */
export const SetupContext = createContext<Setup | null>(null)

/** The setup; only below `SetupContext`. */
export function useSetup(): Setup {
  const setup = use(SetupContext)
  if (!setup) throw new Error('There is no SetupContext above this component.')
  return setup
}

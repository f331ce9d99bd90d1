/** Hooks and webhooks of one installation, each a follower of its own: one that is slow or away holds up no other. */
import type { Kit } from '../engine/ports.ts'
import { type Follower, follower, type Listener } from './follower.ts'
import { type HookName, type Told, toldNames } from './told.ts'
import { type WebhookOptions, webhook } from './webhook.ts'

/** Functions of the host, each called at least once for its event, in order; one that throws is called again. */
export type Hooks = { readonly [K in HookName]?: (told: Told) => Promise<void> | void }

type Log = (level: 'warn' | 'error', message: string, fields: Record<string, unknown>) => void

/** All that is to be told. */
export function tellers(
  kit: Pick<Kit, 'store' | 'clock' | 'random'>,
  hooks: Hooks | undefined,
  webhooks: readonly WebhookOptions[],
  log: Log,
): Follower {
  const own = Object.entries(toldNames).flatMap(([type, name]): Listener[] => {
    const hook = hooks?.[name]
    return hook ? [{ name, types: [type], tell: async (told) => hook(told) }] : []
  })
  const all = [...own, ...webhooks.map((one) => webhook(one, kit.clock))].map((one) => follower(kit, one, log))
  const each = async (work: (one: Follower) => Promise<void>): Promise<void> => void (await Promise.all(all.map(work)))
  return {
    start: () => all.forEach((one) => void one.start()),
    drain: () => each((one) => one.drain()),
    stop: () => each((one) => one.stop()),
  }
}

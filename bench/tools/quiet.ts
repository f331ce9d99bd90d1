/**
 * What else the machine does. On a shared one a figure says little without it: so one waits for quiet before a turn, and
 * looks afterwards how much of the machine went to neither side.
 */
import { cpus } from 'node:os'

type Sum = { readonly busy: number; readonly all: number }

function sum(): Sum {
  let [busy, all] = [0, 0]
  for (const { times } of cpus()) {
    const total = times.user + times.nice + times.sys + times.idle + times.irq
    all += total
    busy += total - times.idle
  }
  return { busy, all }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Waits until the cores are idle for half a second, `patience` seconds at most. */
export async function quiet(patience = 60): Promise<void> {
  for (const until = performance.now() + patience * 1000; performance.now() < until; ) {
    const before = sum()
    await pause(500)
    const after = sum()
    if ((after.busy - before.busy) / (after.all - before.all) < 0.08) return
  }
}

/** Microseconds of CPU that all of the machine has used so far. */
export const busy = (): number => sum().busy * 1000

/** The share of all cores that went to others than `ours` (milliseconds of CPU) since it was called. */
export function watchOthers(): (ours: number) => number {
  const before = sum()
  return (ours) => {
    const after = sum()
    return Math.max(0, (after.busy - before.busy - ours) / (after.all - before.all))
  }
}

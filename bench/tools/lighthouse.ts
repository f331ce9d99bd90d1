/** Google's Lighthouse over the browser that is open already, on loopback alone. */
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { installed } from './installed.ts'

const categories = ['performance', 'accessibility', 'best-practices'] as const

/** What it says of one page: a score out of 100 for each category, and the audits that were not passed; or why no score. */
export type Verdict = { readonly scores: readonly number[]; readonly failed: readonly string[] }

type Result = {
  readonly lhr: {
    readonly runtimeError?: { readonly message: string }
    readonly categories: Readonly<
      Record<string, { readonly score: number | null; readonly auditRefs: readonly { id: string; weight: number }[] }>
    >
    readonly audits: Readonly<Record<string, { readonly score: number | null }>>
  }
}

/** Its own preset for phones (a slow 4G and a processor four times slower, both reckoned); cookies are left as they are. */
export async function lighthouseOf(peer: string, port: number): Promise<(url: string) => Promise<Verdict>> {
  const entry = join(installed(peer), 'node_modules/lighthouse/core/index.js')
  const { default: run } = (await import(pathToFileURL(entry).href)) as {
    default: (url: string, flags: Record<string, unknown>) => Promise<Result>
  }
  const flags = { port, logLevel: 'error', disableStorageReset: true, onlyCategories: categories }
  return async (url) => {
    const { lhr } = await run(url, { ...flags, enableErrorReporting: false })
    // It looks at no page that is answered by a status of 400 and above.
    if (lhr.runtimeError) return { scores: [], failed: [lhr.runtimeError.message] }
    const looked = categories.map((name) => lhr.categories[name]!)
    const weighed = looked.flatMap(({ auditRefs }) => auditRefs.filter(({ weight }) => weight > 0))
    return {
      scores: looked.map(({ score }) => Math.round((score ?? 0) * 100)),
      failed: [...new Set(weighed.map(({ id }) => id))].filter((id) => (lhr.audits[id]!.score ?? 1) < 0.9),
    }
  }
}

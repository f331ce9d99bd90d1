/**
 * Runs tests on mutants, in a process of its own that is told by messages what to do. Test files are loaded once; what
 * they declare is kept and called again for each mutant, so that a mutant costs the tests that reach it and no start.
 */
import { registerHooks } from 'node:module'
import { pathToFileURL } from 'node:url'

/** What the process is told to do. */
export type Order =
  | {
      readonly kind: 'load'
      readonly texts: Record<string, string>
      readonly tests: readonly string[]
      readonly mutant: number
    }
  /** Each of these tests by itself: is it good, how long does it take, and which mutants does it reach? */
  | { readonly kind: 'look'; readonly tests: readonly number[] }
  /** These tests in turn, until one fails. */
  | { readonly kind: 'run'; readonly mutant: number; readonly tests: readonly number[] }

/** What it answers. */
export type Answer =
  | { readonly kind: 'loaded'; readonly names: readonly string[]; readonly reached: readonly number[] }
  | { readonly kind: 'broken'; readonly because: string }
  | { readonly kind: 'starts'; readonly test: number }
  | {
      readonly kind: 'looked'
      readonly test: number
      readonly ms: number
      readonly error: string | null
      readonly reached: readonly number[]
    }
  | { readonly kind: 'ran'; readonly killer: number | null }

type Body = (context: unknown) => unknown
type Declared = { name: string; file: string; body: Body }

const declared: Declared[] = []
/** What a file does before its first test. */
const first: (() => unknown)[] = []
let loading = ''
let active = 0
let reached = new Set<number>()
/** Fails the test that runs now, for what was thrown where nobody waits. */
let fail: (error: unknown) => void = () => {}

const shared = globalThis as unknown as {
  __first: (deed: () => unknown) => void
  __m: (id: number) => boolean
  __declare: (name: string, body: Body) => void
}
shared.__m = (id) => {
  reached.add(id)
  return id === active
}
shared.__first = (deed) => void first.push(deed)
shared.__declare = (name, body) => void declared.push({ name, file: loading, body })

/** In the place of node:test: what is declared is kept, not run. */
const runner = `
const declare = (name, options, body) => globalThis.__declare(name, body ?? options)
export const test = Object.assign(declare, { skip() {}, todo() {}, only: declare })
export const it = test, suite = (name, body) => body(), describe = suite
export const before = (deed) => globalThis.__first(deed)
export const after = () => {}, beforeEach = after, afterEach = after
export default test`

/** Argon2 with next to no memory: what is looked for here is not whether a hash is slow. */
const quickHash = (real: string): string => `
import real from ${JSON.stringify(real)}
const quick = (options) => ({ ...options, memoryCost: 8 * (options?.parallelism ?? 1), timeCost: 1 })
export const hash = (password, options) => real.hash(password, quick(options))
export const hashRaw = (password, options) => real.hashRaw(password, quick(options))
export const { verify, hashSync, verifySync } = real`

function hook(texts: Record<string, string>): void {
  const places = new Map(Object.entries(texts).map(([path, text]) => [pathToFileURL(path).href, text]))
  registerHooks({
    resolve(specifier, context, next) {
      if (specifier === 'node:test') return { url: 'mutate:test', format: 'module', shortCircuit: true }
      const found = next(specifier, context)
      if (specifier !== '@node-rs/argon2' || context.parentURL?.startsWith('mutate:')) return found
      return { url: `mutate:hash#${found.url}`, format: 'module', shortCircuit: true }
    },
    load(url, context, next) {
      if (url === 'mutate:test') return { format: 'module', source: runner, shortCircuit: true }
      if (url.startsWith('mutate:hash')) {
        return { format: 'module', source: quickHash(url.slice(url.indexOf('#') + 1)), shortCircuit: true }
      }
      const text = places.get(url)
      return text === undefined ? next(url, context) : { format: 'module-typescript', source: text, shortCircuit: true }
    },
  })
}

async function call({ name, body }: Declared): Promise<unknown> {
  const undo: (() => unknown)[] = []
  const context = {
    name,
    signal: new AbortController().signal,
    after: (deed: () => unknown) => void undo.push(deed),
    diagnostic() {},
    test: async (_: string, inner: Body) => void (await inner(context)),
  }
  const thrown = new Promise<never>((_, reject) => {
    fail = reject
  })
  thrown.catch(() => {})
  try {
    await Promise.race([(async () => body(context))(), thrown])
    return null
  } catch (error) {
    return error ?? new Error('nothing was thrown')
  } finally {
    for (const deed of undo.reverse()) await (async () => deed())().catch(() => {})
  }
}

const say = (answer: Answer): void => void process.send?.(answer)
const readable = (error: unknown): string => (error instanceof Error ? error.message : String(error)).slice(0, 300)

async function obey(order: Order): Promise<void> {
  if (order.kind === 'load') {
    hook(order.texts)
    active = order.mutant
    try {
      for (const file of order.tests) {
        loading = file
        await import(pathToFileURL(file).href)
        for (const deed of first.splice(0)) await deed()
      }
      say({ kind: 'loaded', names: declared.map(({ file, name }) => `${file}\n${name}`), reached: [...reached] })
    } catch (error) {
      say({ kind: 'broken', because: readable(error) })
    }
    return
  }
  if (order.kind === 'look') {
    for (const test of order.tests) {
      say({ kind: 'starts', test })
      reached = new Set()
      const start = performance.now()
      const error = await call(declared[test]!)
      const ms = performance.now() - start
      say({ kind: 'looked', test, ms, error: error === null ? null : readable(error), reached: [...reached] })
    }
    return
  }
  active = order.mutant
  for (const test of order.tests) {
    say({ kind: 'starts', test })
    if ((await call(declared[test]!)) !== null) {
      active = 0
      return say({ kind: 'ran', killer: test })
    }
  }
  active = 0
  say({ kind: 'ran', killer: null })
}

if (process.send) {
  process.on('unhandledRejection', (error) => fail(error))
  process.on('uncaughtException', (error) => fail(error))
  process.on('message', (order: Order) => void obey(order))
  process.on('disconnect', () => process.exit())
}

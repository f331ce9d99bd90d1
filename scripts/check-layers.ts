/**
 * Who may import whom, checked over every import of `src`, type imports among them.
 *
 * Why a script: the promises hang on it. The engine cannot tell an existing account from a missing one by the clock if
 * it cannot read a clock; a page cannot leak what it cannot import; a letter's link cannot come from a request's `Host`
 * header while mail never sees HTTP. A review forgets such a rule; this does not. Tests may import anything.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'

/** What a room may import beside itself: rooms, or single files. Absent: everything. */
const may: Record<string, readonly string[]> = {
  engine: [],
  words: [],
  flows: ['engine/flow.ts'],
  accounts: ['engine'],
  stores: ['engine', 'accounts/own.ts', 'accounts/tidy.ts'],
  mail: ['engine', 'words'],
  metrics: ['engine'],
  audit: ['engine'],
  tell: ['engine'],
  captcha: ['engine'],
  adopt: ['engine', 'accounts', 'stores', 'server/read-store.ts'],
  pages: ['engine', 'words'],
  http: ['engine', 'words', 'pages'],
  react: ['http/wire.ts'],
  'system.ts': ['engine/ports.ts'],
}

/** What a room may import besides when only types are taken, since they leave nothing in the running program. */
const mayTypes: Record<string, readonly string[]> = {
  accounts: ['options.ts'],
  adopt: ['options.ts'],
  mail: ['options.ts'],
  http: ['captcha', 'options.ts', 'mail', 'accounts', 'flows', 'system.ts'],
}

/** Packages that a room may use. Absent: any. */
const packages: Record<string, readonly string[]> = {
  engine: [],
  words: ['intl-messageformat'],
  flows: [],
  metrics: ['node:perf_hooks'],
  // Tagged templates that escape.
  pages: ['hono/html', 'hono/utils/html'],
}
/** The two files that hold secrets do the cryptography. */
const withCrypto = ['engine/keys.ts', 'engine/proof.ts']

/** Read in one place, so that a test can turn the clock and no room listens to the environment behind our back. */
const readsOutside = ['system.ts']
const outside = /\bDate\.now\b|\bnew Date\(\)|\bMath\.random\b|\bprocess\.env\b/

type Import = { readonly target: string; readonly typeOnly: boolean }

const isTest = (file: string): boolean => /\.test\.tsx?$/.test(file)
const room = (file: string): string => file.split('/')[0]!
const within = (file: string, allowed: readonly string[] = []): boolean =>
  allowed.some((entry) => file === entry || room(file) === entry)

/** Without comments, so that an example in one is no import. Strings stay. */
const code = (text: string): string => text.replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '')

function importsOf(text: string): Import[] {
  const found: Import[] = []
  const pattern =
    /(?:^|[;\n])\s*(import|export)\s+(type\s+)?([^'"`;()]*?\bfrom\s*)?['"]([^'"\n]+)['"]|\bimport\(\s*['"]([^'"]+)['"]/g
  for (const [, , type, clause, target, dynamic] of text.matchAll(pattern)) {
    const names = clause
      ?.match(/^\{([^}]*)\}\s*from/)?.[1]
      ?.split(',')
      .filter((name) => name.trim() !== '')
    const typeOnly = Boolean(type) || (names?.length ? names.every((name) => /^\s*type\s/.test(name)) : false)
    found.push({ target: (target ?? dynamic)!, typeOnly })
  }
  return found
}

function refuseImport(file: string, { target, typeOnly }: Import): string | null {
  const from = room(file)
  if (!target.startsWith('.')) {
    if (target === 'node:crypto' && withCrypto.includes(file)) return null
    const known = packages[from]
    return !known || known.includes(target) ? null : `${from} may not use the package ${target}`
  }
  const path = normalize(join(dirname(file), target))
  if (isTest(path)) return `a source may not import the test ${path}`
  const allowed = may[from]
  if (!allowed || room(path) === from || within(path, allowed)) return null
  if (typeOnly && within(path, mayTypes[from])) return null
  return `${from} may not import ${path}`
}

/** One cycle per file that closes one, as the path that leads back. */
function cycles(graph: Map<string, readonly string[]>): string[][] {
  const found: string[][] = []
  const done = new Set<string>()
  const visit = (file: string, path: readonly string[]): void => {
    const start = path.indexOf(file)
    if (start >= 0) found.push([...path.slice(start), file])
    if (start >= 0 || done.has(file)) return
    for (const next of graph.get(file) ?? []) visit(next, [...path, file])
    done.add(file)
  }
  for (const file of graph.keys()) visit(file, [])
  return found
}

const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((file) => /\.tsx?$/.test(file))
const problems: string[] = []
const graph = new Map<string, readonly string[]>()
for (const file of files.filter((file) => !isTest(file)).sort()) {
  const text = code(readFileSync(join('src', file), 'utf8'))
  const imports = importsOf(text)
  graph.set(
    file,
    imports.filter(({ target }) => target.startsWith('.')).map(({ target }) => normalize(join(dirname(file), target))),
  )
  for (const found of imports) {
    const reason = refuseImport(file, found)
    if (reason) problems.push(`src/${file}: ${reason}`)
  }
  const reads = text.match(outside)
  if (reads && !readsOutside.includes(file)) {
    problems.push(`src/${file}: ${reads[0]} is read in ${readsOutside.join(' and ')} only`)
  }
}
for (const cycle of cycles(graph)) problems.push(`cycle: ${cycle.join(' → ')}`)

if (files.length === 0) problems.push('there is no source to check')
if (problems.length > 0) {
  console.error(problems.join('\n'))
  process.exit(1)
}
console.log(`${graph.size} files, every import where it belongs`)

/** The configuration file: `latchkey.config.ts`, `.js` or `.json`, with the options that `latchkey()` takes in code. */
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { FileOptions } from './file-shape.ts'
import { type Finding, finding } from './findings.ts'

/** A file that was read, or why it could not be. */
export type LoadedFile = { readonly path: string | null; readonly options: FileOptions; readonly findings: Finding[] }

const names = ['latchkey.config.ts', 'latchkey.config.js', 'latchkey.config.mjs', 'latchkey.config.json']

/** Reads the named file, or the first of the usual names in `folder`; nothing where there is none. */
export async function loadFile(folder: string, name?: string): Promise<LoadedFile> {
  const path = name === undefined ? names.map((one) => resolve(folder, one)).find(existsSync) : resolve(folder, name)
  if (path === undefined) return { path: null, options: {}, findings: [] }
  const file = name ?? path
  try {
    const options = path.endsWith('.json') ? JSON.parse(await readFile(path, 'utf8')) : await importDefault(path)
    const { refuseOptions } = await import('./file-shape.ts')
    const findings = refuseOptions(options).map((reason) => finding('L061', { file, reason }))
    return { path, options: findings.length > 0 ? {} : options, findings }
  } catch (error) {
    return { path, options: {}, findings: [finding('L060', { file, reason: (error as Error).message })] }
  }
}

async function importDefault(path: string): Promise<unknown> {
  const module = await import(pathToFileURL(path).href)
  if (module.default === undefined) throw new Error('it has no default export')
  return module.default
}

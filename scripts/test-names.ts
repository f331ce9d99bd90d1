/** The names of the tests that a file declares, for the checks that hold a document to them. */
import { readFileSync } from 'node:fs'

/** Ways in which our files declare a test: the runner's own, those that run one on several stores, and the browser's. */
const called = /^\s*(?:test|it|visit|inTurn|inMemory|(?:\w+O|o)n[A-Z]\w*)\(\s*(['"`])((?:\\.|(?!\1)[^\\])+)\1,/gm
/** A promise of the stores' contract: a member whose name is the sentence. */
const kept = /^ {2}(['"])((?:\\.|(?!\1)[^\\])+)\1: async \(/gm

const known = new Map<string, readonly string[]>()

/** The names, as they stand in the file; `…` stands for what a template fills in. */
export function testsIn(file: string): readonly string[] {
  const names = known.get(file) ?? read(readFileSync(file, 'utf8'))
  known.set(file, names)
  return names
}

const read = (text: string): readonly string[] =>
  [...text.matchAll(called), ...text.matchAll(kept)].map(([, , name]) =>
    name!.replaceAll(/\$\{[^}]+\}/g, '…').replaceAll(/\\(.)/g, '$1'),
  )

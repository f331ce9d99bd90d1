/** A harness process from outside: orders go in, answers come out, and one that hangs is ended. */
import { type ChildProcess, fork } from 'node:child_process'
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Answer, Order } from './harness.ts'

/** A test file's one test. */
export type Known = { readonly name: string; readonly ms: number; readonly reached: ReadonlySet<number> }

/** What became of a mutant. */
export type Fate = { readonly kind: 'killed' | 'hung' | 'survived'; readonly by: string | null }

const memoryOrDisk = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()

/** A process with the instrumented files and the tests loaded. */
export class Harness {
  #child: ChildProcess
  #listener: (answer: Answer | { kind: 'gone' }) => void = () => {}
  names: readonly string[] = []
  /** Mutants that are reached when the files are loaded. */
  static: ReadonlySet<number> = new Set()
  runs = 0
  /** Whether the process has ended. */
  gone = false

  constructor(root: string) {
    this.#child = fork(join(import.meta.dirname, 'harness.ts'), {
      cwd: root,
      env: { ...process.env, TMPDIR: memoryOrDisk, NODE_ENV: 'test' },
      execArgv: ['--disable-warning=ExperimentalWarning'],
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    })
    this.#child.on('message', (answer: Answer) => this.#listener(answer))
    this.#child.on('exit', () => {
      this.gone = true
      this.#listener({ kind: 'gone' })
    })
  }

  /** Loads; answers why it could not, or null. `mutant` is active from the start, 0 for none. */
  async load(texts: Record<string, string>, tests: readonly string[], mutant = 0): Promise<string | null> {
    const answer = await this.#ask({ kind: 'load', texts, tests, mutant }, () => 60_000)
    if (answer.kind !== 'loaded') return answer.kind === 'broken' ? answer.because : answer.kind
    this.names = answer.names
    this.static = new Set(answer.reached)
    return null
  }

  /** Runs one test without a mutant. */
  async look(test: number): Promise<{ known: Known; error: string | null }> {
    const answer = await this.#ask({ kind: 'look', tests: [test] }, () => 60_000)
    const name = this.names[test]!
    if (answer.kind !== 'looked') return { known: { name, ms: 0, reached: new Set() }, error: answer.kind }
    return { known: { name, ms: answer.ms, reached: new Set(answer.reached) }, error: answer.error }
  }

  /** Runs tests on a mutant until one fails; a test may take a few times what it takes without. */
  async run(mutant: number, tests: readonly number[], known: readonly Known[]): Promise<Fate> {
    this.runs++
    let last = -1
    const patience = (test: number): number => 5 * (known[test]?.ms ?? 0) + 5000
    const answer = await this.#ask({ kind: 'run', mutant, tests }, patience, (test) => {
      last = test
    })
    if (answer.kind === 'ran') {
      return answer.killer === null
        ? { kind: 'survived', by: null }
        : { kind: 'killed', by: this.names[answer.killer] ?? '' }
    }
    return { kind: 'hung', by: this.names[last] ?? '' }
  }

  /** Sends, and waits for the last answer; each test that starts sets the clock anew. */
  #ask(
    order: Order,
    patience: (test: number) => number,
    onStart: (test: number) => void = () => {},
  ): Promise<Answer | { kind: 'gone' } | { kind: 'hung' }> {
    return new Promise((resolve) => {
      let timer: NodeJS.Timeout | undefined
      const wait = (ms: number): void => {
        clearTimeout(timer)
        timer = setTimeout(() => {
          this.close()
          resolve({ kind: 'hung' })
        }, ms)
      }
      wait(patience(-1))
      this.#listener = (answer) => {
        if (answer.kind === 'starts') {
          onStart(answer.test)
          wait(patience(answer.test))
          return
        }
        clearTimeout(timer)
        resolve(answer)
      }
      if (this.#child.connected) this.#child.send(order)
      else resolve({ kind: 'gone' })
    })
  }

  close(): void {
    this.gone = true
    this.#listener = () => {}
    this.#child.kill('SIGKILL')
  }
}

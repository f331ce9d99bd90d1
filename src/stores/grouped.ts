/** The store's methods that run in groups, the same for every database that has them. */
import type { Store } from '../engine/ports.ts'
import type { Groups } from './groups.ts'
import * as operations from './operations.ts'

type Grouped = Pick<
  Store,
  'ask' | 'takeTry' | 'wrongTry' | 'prove' | 'note' | 'noteWithin' | 'take' | 'giveBack' | 'openSession'
>

/** Each of them as one operation of `run`. */
export const groupedOperations = (run: Groups['run']): Grouped => ({
  ask: (ask) => run(operations.ask(ask)),
  takeTry: (...args) => run(operations.takeTry(...args)),
  wrongTry: (...args) => run(operations.wrongTry(...args)),
  prove: (...args) => run(operations.prove(...args)),
  note: (event) => run(operations.note(event)),
  noteWithin: (...args) => run(operations.noteWithin(...args)),
  take: (...args) => run(operations.take(...args)),
  giveBack: (...args) => run(operations.giveBack(...args)),
  openSession: (...args) => run(operations.openSession(...args)),
})

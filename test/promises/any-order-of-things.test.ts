/**
 * A proof's life has few rules, and they meet in any order: asked twice and mailed late, looked at, deactivated meanwhile,
 * changed elsewhere, killed in the middle of a letter, the key rotated. Most incidents of recovery were such a meeting
 * that nobody had tried: Zulip's link that was opened in time and sent too late (CVE-2021-43791), Shopware's older link
 * that outlived the newer (CVE-2022-24892), Cloud Foundry's that outlived a change of address (CVE-2015-3189). Here a small
 * model (life.ts) says what every link, code, grant, password and session must do, things happen in random order, and
 * each answer has to be the model's: no dead proof opens, and no good one fails its owner.
 */
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Flow } from '../../src/engine/flow.ts'
import { memory } from '../../src/stores/memory.ts'
import { sqlite } from '../../src/stores/sqlite.ts'
import { runs } from '../runs.ts'
import { allFlows } from './kit.ts'
import { Life } from './life.ts'
import { type Place, Real } from './life-real.ts'

/** What is compared has nothing to do with a disk. */
const memoryOrDisk = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()

type Command = fc.AsyncCommand<Life, Real>

/** A command by its name and arguments, which are what a failure prints. */
const command = (name: string, run: (life: Life, real: Real) => Promise<void>): Command => ({
  check: () => true,
  run,
  toString: () => name,
})

/** One of the two flows that a life is about: few, so that their proofs meet. */
const flow = fc.constantFrom(0, 0, 1)
const who = fc.nat(1)
const recent = fc.oneof(fc.constant(0), fc.nat(4))
const kept = fc.oneof(fc.constant(0), fc.constant(0), fc.nat(12))

const commands = [
  ...[1, 2, 3].map(() =>
    fc
      .record({ flow, who, again: fc.boolean() })
      .map(({ flow, who, again }) =>
        command(`flow ${flow} for ${who}${again ? ', again' : ''}`, (life, real) =>
          real.ask(life, life.flows[flow % life.flows.length]!, who, again),
        ),
      ),
  ),
  ...[1, 2, 3].map(() =>
    fc
      .constantFrom(false, false, true)
      .map((dies) => command(dies ? 'worker dies' : 'worker', (life, real) => real.work(life, dies))),
  ),
  recent.map((which) => command(`look ${which}`, (life, real) => real.look(life, which))),
  ...[1, 2].map(() =>
    fc
      .record({ which: recent, how: fc.constantFrom('once', 'twice', 'wrong') })
      .map(({ which, how }) =>
        command(`code ${which}, ${how}`, (life, real) => real.prove(life, which, how as 'once')),
      ),
  ),
  ...[1, 2].map(() =>
    fc
      .record({ which: kept, by: fc.constantFrom('link', 'grant'), how: fc.constantFrom('once', 'twice', 'weak') })
      .map(({ which, by, how }) =>
        command(`change by ${by} ${which}, ${how}`, (life, real) =>
          real.change(life, by as 'link', which, how as 'once'),
        ),
      ),
  ),
  fc
    .constantFrom(1, 1, 3, 8, 14, 16, 31, 61, 26 * 60)
    .map((minutes) => command(`${minutes} min pass`, async (life, real) => real.turn(life, minutes))),
  fc
    .record({ who, what: fc.constantFrom('active', 'verified', 'email', 'password', 'gone') })
    .map(({ who, what }) => command(`${what} of ${who}`, (life, real) => real.outside(life, who, what as 'email'))),
  fc
    .record({ who, age: fc.nat(2) })
    .map(({ who, age }) =>
      command(`log-in of ${who}, password ${age} back`, (life, real) => real.login(life, who, age)),
    ),
  fc
    .constantFrom('crash', 'crash', 'rotate', 'rotate and drop', 'purge')
    .map((what) => command(what, (life, real) => real.operate(life, what as 'crash'))),
]

async function live(flows: readonly Flow[], commands: Iterable<Command>, place: Place): Promise<void> {
  const life = new Life(flows)
  const real = await Real.open(life, place)
  try {
    await fc.asyncModelRun(() => ({ model: life, real }), commands)
    await real.tryAll(life)
  } finally {
    await real.close()
  }
}

const two = fc.shuffledSubarray([...allFlows], { minLength: 1, maxLength: 2 })
const things = fc.commands(commands, { maxCommands: 120, size: 'max' })

test('in whatever order things happen, what must open opens and what must not does not (memory)', async () => {
  const property = fc.asyncProperty(two, things, (flows, things) =>
    live(flows, things, { database: memory(), file: '' }),
  )
  await fc.assert(property, { numRuns: runs(60), endOnFailure: false })
})

test('in whatever order things happen, what must open opens and what must not does not (SQLite)', async () => {
  const folder = mkdtempSync(join(memoryOrDisk, 'latchkey-life-'))
  let count = 0
  try {
    await fc.assert(
      fc.asyncProperty(two, things, async (flows, things) => {
        const file = join(folder, `${count++}.db`)
        await live(flows, things, { database: sqlite(file), file })
      }),
      { numRuns: runs(5), endOnFailure: false },
    )
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

test('the life of one proof, told by hand, so that the model itself is seen to open and to refuse', async () => {
  for (const flow of allFlows) {
    const life = new Life([flow])
    const real = await Real.open(life, { database: memory(), file: '' })
    await real.ask(life, flow, 0, false)
    await real.work(life, false)
    assert.equal(life.proofs.length, 1, flow.name)
    if (flow.proof.kind === 'code') await real.prove(life, 0, 'once')
    else await real.look(life, 0)
    assert.equal(life.grants.length, 1, flow.name)
    await real.change(life, 'grant', 0, 'twice')
    assert.equal(life.accounts[0]!.passwords.length, 2, `${flow.name}: the password was set once`)
    await real.login(life, 0, 0)
    await real.login(life, 0, 1)
    await real.tryAll(life)
    await real.close()
  }
})

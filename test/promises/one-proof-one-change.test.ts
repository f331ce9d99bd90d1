/**
 * One letter sets one password. Where "is it still good" and "now it is used" are two steps, whoever sends many requests
 * at once gets more than one through: Parse Server let parallel submits of one token all win (CVE-2026-32943), used its
 * recovery codes without spending them (CVE-2026-31875), Vikunja never removed a token that had been used
 * (CVE-2026-28268). An attacker who raced the owner then held the account, and the owner believed it safe. So here fifty
 * submits of one proof, each with a password of its own, are let go together, in one process and in two on one file.
 */
import assert from 'node:assert/strict'
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import type { Flow } from '../../src/engine/flow.ts'
import { code } from '../../src/flows/index.ts'
import { codeIn } from '../../src/testing/index.ts'
import {
  allFlows,
  askApi,
  type Bench,
  before,
  eventsOf,
  isSuccess,
  letterFor,
  linkBody,
  logsIn,
  onAllStores,
  onSqlite,
  person,
  stranger,
} from './kit.ts'
import type { Race } from './race-child.ts'

const racers = 50
const passwordOf = (index: number): string => `Racing-Boat-${100 + index}!`

/** What a program must send to set a password by a fresh letter of this flow: its token, or the grant of its code. */
async function proofFor(bench: Bench, flow: Flow, owner: string): Promise<Record<string, string>> {
  if (flow.proof.kind !== 'code') return linkBody(flow, await letterFor(bench, flow, owner))
  await bench.mail()
  const program = stranger(bench)
  const { body } = await askApi(program, flow, owner)
  const mail = (await bench.mail())!
  const proved = await program.json(`/api/flows/${flow.name}/prove`, {
    flow_id: body.flow_id,
    email: owner,
    code: codeIn(mail),
  })
  assert.equal(proved.status, 200)
  return { grant: proved.body.grant }
}

/** That one of all has won: the count, the password that is set, the events, and the one letter that tells of it. */
async function assertOneWinner(bench: Bench, id: string, statuses: readonly number[], letters: number): Promise<void> {
  const winners = statuses.flatMap((status, index) => (isSuccess({ status, location: '' }) ? [index] : []))
  assert.equal(winners.length, 1, `${winners.length} of ${statuses.length} won`)
  assert.ok(
    statuses.every((status) => status < 500),
    'the others are refused, not failed',
  )
  const winner = winners[0]!
  const owner = (await bench.accounts.byId(id))!.email
  assert.equal(await logsIn(bench, owner, passwordOf(winner)), true)
  assert.equal(await logsIn(bench, owner, passwordOf((winner + 1) % statuses.length)), false)
  await bench.mail()
  const notices = bench.letters.slice(0, bench.letters.length - letters)
  assert.equal(notices.length, 1, 'one notice')
  assert.equal(notices[0]!.to, owner)
}

for (const flow of allFlows) {
  onAllStores(`fifty submits of one proof at once set one password: ${flow.name}`, async (open) => {
    const bench = await open()
    // Once for an account without a password, and on disk once more over one: then each submit compares before it sets.
    for (const passwordHash of bench.file === '' ? [null] : [null, undefined]) {
      const owner = passwordHash === null ? 'new@example.org' : 'ana@example.org'
      const id = await person(bench, owner, { passwordHash })
      const proof = await proofFor(bench, flow, owner)
      const letters = bench.letters.length
      const browsers = Array.from({ length: racers }, () => stranger(bench))
      const answers = await Promise.all(
        browsers.map((browser, index) =>
          browser.json(`/api/flows/${flow.name}/change`, { ...proof, password: passwordOf(index) }),
        ),
      )
      const statuses = answers.map(({ status }) => status)
      await assertOneWinner(bench, id, statuses, letters)
      const changed = (await eventsOf(bench)).filter(
        ({ name, accountId }) => name === 'password.changed' && accountId === id,
      )
      assert.equal(changed.length, 1)
      const again = await stranger(bench).json(`/api/flows/${flow.name}/change`, { ...proof, password: before })
      assert.ok(!isSuccess(again), 'nor does it win later')
    }
  })
}

onAllStores('fifty right codes at once give one grant', async (open) => {
  const bench = await open()
  const owner = 'ana@example.org'
  await person(bench, owner)
  const program = stranger(bench)
  const { body } = await askApi(program, code, owner)
  const typed = { flow_id: body.flow_id, email: owner, code: codeIn((await bench.mail())!) }
  const answers = await Promise.all(
    Array.from({ length: racers }, () => stranger(bench).json('/api/flows/code/prove', typed)),
  )
  const grants = answers.filter(({ status }) => status === 200)
  assert.equal(grants.length, 1)
  assert.ok(answers.every(({ status }) => status === 200 || status === 400))
  const later = await stranger(bench).json('/api/flows/code/prove', typed)
  assert.equal(later.status, 400)
  assert.equal(later.body.code, 'code-dead')
})

onSqlite('two processes on one file: fifty submits of one proof set one password, in every flow', async (open) => {
  const bench = await open()
  const children = await Promise.all([0, 1].map(() => startChild(bench)))
  try {
    for (const flow of allFlows) {
      const owner = `${flow.name}@example.org`
      const id = await person(bench, owner, { passwordHash: null })
      const proof = await proofFor(bench, flow, owner)
      const letters = bench.letters.length
      const bodies = Array.from({ length: 2 * half }, (_, index) => ({ ...proof, password: passwordOf(index) }))
      const path = `/api/flows/${flow.name}/change`
      const halves = [bodies.slice(0, half), bodies.slice(half)]
      const statuses = await Promise.all(children.map((child, index) => race(child, { path, bodies: halves[index]! })))
      await assertOneWinner(bench, id, statuses.flat(), letters)
    }
    const program = stranger(bench)
    const owner = 'ana@example.org'
    await person(bench, owner)
    const { body } = await askApi(program, code, owner)
    const typed = { flow_id: body.flow_id, email: owner, code: codeIn((await bench.mail())!) }
    const bodies = Array.from({ length: racers / 2 }, () => typed)
    const statuses = await Promise.all(children.map((child) => race(child, { path: '/api/flows/code/prove', bodies })))
    assert.equal(statuses.flat().filter((status) => status === 200).length, 1, 'one grant of fifty right codes')
  } finally {
    for (const child of children) child.disconnect()
    await Promise.all(children.map((child) => (child.exitCode === null ? once(child, 'exit') : null)))
  }
})

/** In each of the two processes. */
const half = 25

async function startChild(bench: Bench): Promise<ChildProcess> {
  const child = fork(new URL('./race-child.ts', import.meta.url), [bench.file, String(bench.clock.now())], {
    execArgv: ['--disable-warning=ExperimentalWarning'],
  })
  const [message] = await once(child, 'message')
  assert.equal(message, 'ready')
  return child
}

async function race(child: ChildProcess, race: Race): Promise<number[]> {
  const answer = once(child, 'message')
  child.send(race)
  return (await answer)[0] as number[]
}

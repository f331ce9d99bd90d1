/**
 * What six digits are worth against many hands, with the counts as they are by default: for one account a chance of one in
 * 100,000 a day whatever is tried (ten codes compared, from ten thousand), of one in 200,000 for a burst (five compared, of
 * five hundred at once), and for everybody together no more than 5,000 guesses a day, an alarm at the thousandth. Without
 * the last one, a million accounts guessed at by ten a day each would fall at ten a day.
 */
import assert from 'node:assert/strict'
import { code } from '../../src/flows/index.ts'
import { codeIn, linkIn } from '../../src/testing/index.ts'
import { askApi, type Bench, eventsOf, inMemory, letterFor, origin, person, stranger } from './kit.ts'

const owner = 'ana@example.org'

/** Codes that are not this one, all different. */
const wrongOnes = (real: string, count: number): string[] =>
  Array.from({ length: count }, (_, at) => String((Number(real) + 1 + at) % 1_000_000).padStart(6, '0'))

const compared = async (bench: Bench): Promise<number> =>
  (await eventsOf(bench)).filter(({ because }) => because === 'wrong code').length

const type = (bench: Bench, flow_id: string, typed: string, email = owner) =>
  stranger(bench).json('/api/flows/code/prove', { flow_id, email, code: typed })

/** A flow for each address, from a network of its own; the code is empty where the letter has none. */
async function openAll(bench: Bench, addresses: readonly string[]) {
  const had = bench.letters.length
  const flows: { email: string; flow_id: string }[] = []
  for (const email of addresses)
    flows.push({ email, flow_id: (await askApi(stranger(bench), code, email)).body.flow_id })
  await bench.mail()
  const codes = new Map(bench.letters.slice(0, bench.letters.length - had).map((mail) => [mail.to, codeIn(mail)]))
  return flows.map((flow) => ({ ...flow, real: codes.get(flow.email) ?? '' }))
}

inMemory('of five hundred at once the right one opens only among the first five', async (start) => {
  for (const [place, opens] of [
    [0, true],
    [4, true],
    [5, false],
    [250, false],
    [499, false],
  ] as const) {
    const bench = await start()
    await person(bench, owner)
    const { flow_id, real } = (await openAll(bench, [owner]))[0]!
    const guesses = wrongOnes(real, 500)
    guesses[place] = real
    const answers = await Promise.all(guesses.map((typed) => type(bench, flow_id, typed)))
    assert.equal(answers.filter(({ status }) => status === 200).length, opens ? 1 : 0, `at ${place}`)
    assert.ok((await compared(bench)) <= 5)
  }
})

inMemory('ten thousand codes in a day from two hundred networks: ten are compared for the account', async (start) => {
  const bench = await start()
  await person(bench, owner)
  const thieves = Array.from({ length: 200 }, () => stranger(bench))
  let sent = 0
  for (let round = 0; round < 50; round++) {
    const flows = await Promise.all(thieves.slice(0, 4).map((thief) => askApi(thief, code, owner)))
    await bench.mail()
    const typed = thieves.map((thief, at) => {
      const flow_id = flows[at % 4]!.body.flow_id ?? 'x'.repeat(22)
      const guess = String((round * 7919 + at * 104_729) % 1_000_000).padStart(6, '0')
      return thief.json('/api/flows/code/prove', { flow_id, email: owner, code: guess })
    })
    sent += (await Promise.all(typed)).length
    bench.clock.turn({ minutes: 28 })
  }
  assert.equal(sent, 10_000)
  // One of a million may be right by chance; then it is no wrong one.
  const count = await compared(bench)
  assert.ok(count >= 9 && count <= 10, String(count))
})

inMemory(
  'five hundred accounts guessed at in a day: an alarm at a thousand wrong codes, links past five',
  async (start) => {
    const bench = await start({ alarms: { to: ['ops@example.com'] } })
    const alarms = (): unknown[] => bench.log.filter(({ alarm }) => alarm).map(({ alarm }) => alarm)
    const victims = Array.from({ length: 510 }, (_, at) => `victim${at}@example.org`)
    for (const address of victims) await person(bench, address)
    let wrong = 0
    const raisedAt = new Map<unknown, number>()
    for (let flows = 0; flows < 2; flows++) {
      for (const { email, flow_id, real } of await openAll(bench, victims.slice(0, 500))) {
        for (const typed of wrongOnes(real || '500000', 5)) {
          await type(bench, flow_id, typed, email)
          wrong++
          for (const name of alarms()) if (!raisedAt.has(name)) raisedAt.set(name, wrong)
        }
      }
    }
    assert.equal(await compared(bench), 5_000)
    assert.deepEqual(
      [...raisedAt],
      [
        ['wrong-codes-of-all', 1_000],
        ['links-instead-of-codes', 5_000],
      ],
    )
    // From here no account's code is compared, and letters of those who were never guessed at carry a link.
    const untouched = victims[505]!
    const mail = await letterFor(bench, code, untouched)
    assert.equal(codeIn(mail), '')
    const opened = await stranger(bench).look(linkIn(mail).slice(origin.length))
    assert.equal(opened.status, 303)
    bench.clock.turn({ days: 1, minutes: 30 })
    assert.notEqual((await openAll(bench, [victims[506]!]))[0]!.real, '', 'it ends by itself')
  },
)

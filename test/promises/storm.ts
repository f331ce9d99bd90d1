/**
 * A stream of asks and changes over two servers on one database, each killed without warning at moments of chance and
 * started again; and afterwards a look at everything that was answered. `kills-at-random.test.ts` has a sample of it,
 * `test/long/` the thousand.
 */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { spa } from '../../src/flows/index.ts'
import { seededRandom } from '../../src/testing/index.ts'
import { compiled } from '../compiled.ts'
import { program } from '../program.ts'
import { before } from './kit.ts'
import { type MailServer, mailServer } from './mail-server.ts'
import { addressOf, becomes, lettersTo, type Place, populate, serveOn, tokenIn } from './real-server.ts'
import { type Child, childSecret, post } from './server-child.ts'

/** How hard it blows. */
export type Storm = {
  /** Each asks once, and changes once. */
  readonly people: number
  /** Submits of one proof at once, to both servers. */
  readonly submits: number
  /** Asks, and changes, at once. */
  readonly width: number
  /** Milliseconds that a server lives for, at least and at most, from when it listens. */
  readonly lives: readonly [least: number, most: number]
  /** Kills, at most; then the weather is fine. */
  readonly kills: number
  readonly seed: number
}

type Submit = { readonly password: string; readonly status: number | null }

/** Blows, and then looks. Answers how many servers were killed and what was asked and changed meanwhile. */
export async function storm(place: Place, how: Storm): Promise<{ kills: number; asks: number; changes: number }> {
  // As long as real ones take, so that kills meet letters on their way.
  const mail = await mailServer({ delay: 40 })
  const random = seededRandom(how.seed)
  const servers: (Child | null)[] = [null, null]
  let blowing = true
  let kills = 0
  await populate(place, how.people)

  /** A server is there or it is not; whoever sends takes one of those that are there, or waits for one. */
  const send = async (path: string, body: object): Promise<number | null> => {
    await becomes('a server is there', () => servers.some((one) => one !== null))
    const there = servers.filter((one) => one !== null)
    return post(there[Math.floor(random.fraction() * there.length)]!.port, path, body)
  }
  const keepUp = async (slot: number): Promise<void> => {
    while (blowing) {
      const child = await serveOn(place, mail.port, { environment: { LOG_LEVEL: 'error' } })
      servers[slot] = child
      const [least, most] = how.lives
      const life = kills < how.kills ? least + random.fraction() * (most - least) : 3_600_000
      // What is left of a life when the storm ends keeps nobody waiting.
      const death = sleep(life, undefined, { ref: false })
      await Promise.race([death, becomes('the storm ends', () => !blowing, 3600)])
      if (!blowing) return
      servers[slot] = null
      child.process.kill('SIGKILL')
      assert.equal((await child.ended).signal, 'SIGKILL', child.output().slice(-1000))
      kills++
    }
  }
  try {
    const up = Promise.all([keepUp(0), keepUp(1)])
    // One that cannot start ends it all; the others hear of it when they are awaited.
    up.catch(() => {})
    const { asked, changed } = await Promise.race([stream(how, mail, send, random), up.then(() => assert.fail())])
    blowing = false
    await up
    await judge(place, how, mail, send, asked, changed)
    verifyAudit(place)
    return { kills, asks: asked.length, changes: changed.size }
  } finally {
    blowing = false
    for (const child of servers) child?.process.kill('SIGKILL')
    await Promise.all(servers.map((child) => child?.ended))
    await mail.close()
  }
}

type Send = (path: string, body: object) => Promise<number | null>

/** Asks for everybody and changes for whoever gets a letter; asks run ahead, so that each kill meets both. */
async function stream({ people, submits, width }: Storm, mail: MailServer, send: Send, random: { fraction(): number }) {
  const asked: string[] = []
  const changed = new Map<string, Submit[]>()
  const waiting: string[] = []
  let next = 0
  let asking = width
  let came = performance.now()
  const asker = async (): Promise<void> => {
    while (next < people) {
      const address = addressOf(next++)
      // No answer, or that it could not be done now: whoever asks does it again, as a visitor would.
      for (let status: number | null = null; status !== 200; ) {
        status = await send(spa.routes.ask, { email: address })
        assert.ok(status === null || status === 200 || status === 503, `an ask was answered with ${status}`)
        if (status === 200) asked.push(address)
      }
      waiting.push(address)
      await becomes('changes follow', () => waiting.length < 4 * width, 120)
    }
    asking--
  }
  const changer = async (): Promise<void> => {
    for (;;) {
      // Of those whose letter is there: others are held by a server that is dead, and come when nobody holds them.
      const at = waiting.findIndex((address) => lettersTo(mail, address).length > 0)
      if (at < 0) {
        if (asking === 0 && waiting.length === 0) return
        // A letter that was held by a server that died is taken by another after twelve seconds.
        assert.ok(performance.now() - came < 45_000, `answered, and no letter came: ${waiting}`)
        await sleep(20)
        continue
      }
      came = performance.now()
      const [address] = waiting.splice(at, 1)
      const token = await tokenIn(lettersTo(mail, address!)[0]!)
      const passwords = Array.from({ length: submits }, (_, index) => `Stormy-${index}-${random.fraction()}!`)
      const sent = passwords.map(async (password) => ({
        ...{ password, status: await send(spa.routes.change, { token, new_password: password }) },
      }))
      changed.set(address!, await Promise.all(sent))
    }
  }
  await Promise.all([...Array.from({ length: width }, asker), ...Array.from({ length: width }, changer)])
  return { asked, changed }
}

/** What was promised, looked at when the weather is fine. */
async function judge(
  place: Place,
  { people }: Storm,
  mail: MailServer,
  send: Send,
  asked: readonly string[],
  changed: ReadonlyMap<string, readonly Submit[]>,
): Promise<void> {
  assert.equal(new Set(asked).size, people)
  assert.equal(changed.size, people, 'each ask that was answered had its letter')
  const bench = await place.open()
  try {
    const events = await bench.store.events(0, 1_000_000)
    const notedFor = new Map<string, number>()
    for (const { name, accountId } of events) {
      if (name === 'password.changed') notedFor.set(accountId!, (notedFor.get(accountId!) ?? 0) + 1)
    }
    const untold = new Set<string>()
    for (const [address, submits] of changed) {
      const [account] = await bench.accounts.byAddress(address)
      const won = submits.filter(({ status }) => status === 200)
      assert.ok(won.length <= 1, `${won.length} of ${submits.length} won`)
      assert.ok(
        submits.every(({ status }) => status === null || [200, 400, 503].includes(status)),
        `submits were answered with ${submits.map(({ status }) => status)}`,
      )
      const noted = notedFor.get(account!.id) ?? 0
      if (won[0]) assert.ok(await bench.hasher.verify(account!.passwordHash, won[0].password), 'what was told of is so')
      const token = await tokenIn(lettersTo(mail, address)[0]!)
      const isOld = !won[0] && (await bench.hasher.verify(account!.passwordHash, before))
      assert.equal(noted, isOld ? 0 : 1, 'the event is there if, and only if, the password was set')
      const again = await send(spa.routes.change, { token, new_password: calm })
      assert.equal(again, isOld ? 200 : 400, 'a password that was set has a dead link, another one a live one')
      untold.add(address)
    }
    // With those that were set just now, everybody's was set once.
    const told = ({ raw }: { raw: string }): boolean => !/reset-password\//.test(raw)
    await becomes(
      'each change is told of',
      () => {
        for (const address of untold) if (lettersTo(mail, address).some(told)) untold.delete(address)
        return untold.size === 0
      },
      40,
    )
    for (const address of changed.keys()) {
      const notices = new Set(
        lettersTo(mail, address)
          .filter(told)
          .map(({ raw }) => /^Message-ID: (.*)\r$/im.exec(raw)![1]),
      )
      assert.equal(notices.size, 1, 'by one letter, however often it came')
    }
  } finally {
    await bench.close()
  }
}

/** What is set where the storm has set nothing. */
const calm = 'Calm-Water-22!'

/** As an operator would, with the command. */
function verifyAudit(place: Place): void {
  const args = ['--disable-warning=ExperimentalWarning', program, 'audit', 'verify']
  const env = { ...compiled, SECRET_KEY: childSecret, DATABASE_URL: place.url, DEBUG: 'true' }
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: place.folder, env, encoding: 'utf8' })
  assert.equal(status, 0, `audit verify: ${stdout}${stderr}`)
}

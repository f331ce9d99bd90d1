/**
 * Visitors without end: addresses that ask over the API, and owners who follow the link in their letter. Each proof is
 * sent twice at once, to both servers with different passwords, for exactly one may win.
 */
import { Agent, request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { MailServer } from '../../test/promises/mail-server.ts'
import type { Answer, Asked, Changed, Ledger } from './ledger.ts'
import { addressOf, tokenIn } from './people.ts'

/** What a stream is made of. */
export type StreamOptions = {
  readonly ports: readonly number[]
  readonly mail: MailServer
  readonly host: string
  /** Asks a second, and changes a second at most. */
  readonly rate: number
  readonly changes: number
  /** An answer that takes longer, in milliseconds, is a fault. */
  readonly patience: number
  /** Addresses that there are. */
  readonly people: number
}

/** One that runs. */
export type Stream = {
  /** Asks no more, and ends when everything that was begun has come to an end. */
  stop(): Promise<void>
}

/** What each verb may be answered with; anything else is a fault. A proof that is used or dead gets 400. */
const fine: Readonly<Record<Answer['verb'], readonly number[]>> = { ask: [200, 503], change: [200, 400, 503] }

/** As a patient visitor: after this long, in milliseconds, it is tried again. */
const again = 1_000
/** For as long as this, in milliseconds. */
const longest = 180_000

/** Starts one. */
export function startStream(options: StreamOptions, ledger: Ledger): Stream {
  // As a load balancer: few idle connections, each in turn, so that none is as old as the server lets it be.
  const agents = options.ports.map(() => new Agent({ keepAlive: true, maxFreeSockets: 8, scheduling: 'fifo' }))
  const busy = new Set<Promise<void>>()
  let asking = true
  let ended = false
  let next = 0
  let turn = 0

  const spawn = (work: Promise<void>): void => {
    const one = work
      .catch((error: unknown) => void ledger.faults.push(`the stream itself: ${error}`))
      .finally(() => busy.delete(one))
    busy.add(one)
  }
  const post = async (verb: Answer['verb'], at: number, path: string, body: object): Promise<Answer> => {
    const answer = await send(verb, options, agents[at]!, options.ports[at]!, path, body)
    ledger.answers.push(answer)
    const took = Math.round(answer.at - answer.sent)
    const said = `${verb} to server ${at + 1} was answered ${answer.status || 'never'} ${answer.code} after ${took} ms`
    if (!fine[verb].includes(answer.status)) ledger.faults.push(said)
    else if (answer.code === noRetryAfter) ledger.faults.push(said)
    else if (took > options.patience) ledger.faults.push(`${said}: too long`)
    return answer
  }

  async function ask(address: string): Promise<void> {
    const asked: Asked = { address, acknowledged: null, uncertain: 0 }
    ledger.asked.set(address, asked)
    const end = performance.now() + longest
    while (performance.now() < end) {
      const { status, at } = await post('ask', turn++ % options.ports.length, '/auth/forgot-password/', {
        email: address,
      })
      if (status === 200) asked.acknowledged = at
      if (status !== 503) return
      asked.uncertain++
      await sleep(again)
    }
    ledger.faults.push(`${address} asked for ${longest / 1000} s in vain`)
  }

  async function change(changed: Changed): Promise<void> {
    const end = performance.now() + longest
    for (let run = 1; performance.now() < end; run++) {
      // Two at once, and where neither was told how it went, one after the other, as people do.
      const tries = run === 1 ? [0, 1] : [run % 2]
      const answers = await Promise.all(
        tries.map(async (server) => {
          const password = `Fail-Over, run ${run}, server ${server}!`
          const body = { token: changed.token, new_password: password }
          const { status } = await post('change', server % options.ports.length, '/auth/reset-password/', body)
          if (status === 200) changed.won.push(password)
          if (status === 503) changed.uncertain.push(password)
          return status
        }),
      )
      // Who lost to one that was never told of its win is told that the proof is used.
      changed.settled = answers.includes(200) || (answers.includes(400) && !answers.includes(503))
      if (changed.settled || answers.some((status) => !fine.change.includes(status))) return
      await sleep(again)
    }
    ledger.faults.push(`${changed.address} tried to set a password for ${longest / 1000} s in vain`)
  }

  async function askOn(): Promise<void> {
    const start = performance.now()
    while (asking && next < options.people) {
      const due = Math.floor(((performance.now() - start) / 1000) * options.rate)
      while (next < due && next < options.people) spawn(ask(addressOf(next++)))
      await sleep(10)
    }
    if (asking) ledger.faults.push(`all ${options.people} addresses have asked: give --minutes more of them`)
  }

  async function changeOn(): Promise<void> {
    let read = 0
    let last = 0
    while (!ended) {
      const letter = options.mail.received[read]
      if (!letter) {
        await sleep(20)
        continue
      }
      read++
      const [address] = letter.to
      if (!address || ledger.changed.has(address) || performance.now() - last < 1000 / options.changes) continue
      const token = await tokenIn(letter)
      if (token === null) continue
      last = performance.now()
      const changed: Changed = { address, token, won: [], uncertain: [], settled: false }
      ledger.changed.set(address, changed)
      spawn(change(changed))
    }
  }

  const loops = [askOn(), changeOn()]
  return {
    async stop() {
      asking = false
      await loops[0]
      while (busy.size > 0) await Promise.all(busy)
      ended = true
      await loops[1]
      while (busy.size > 0) await Promise.all(busy)
      for (const agent of agents) agent.destroy()
    },
  }
}

const noRetryAfter = 'without Retry-After'
let networks = 0

/** One POST, as a proxy passes it on, from a network of its own each time: no limit of a caller is what is tried here. */
function send(
  verb: Answer['verb'],
  { host, patience }: StreamOptions,
  agent: Agent,
  port: number,
  path: string,
  body: object,
): Promise<Answer> {
  const network = ++networks
  const from = `10.${(network >> 16) & 255}.${(network >> 8) & 255}.${network & 255}`
  const headers = {
    ...{ host, 'content-type': 'application/json', 'x-forwarded-for': from, 'x-forwarded-proto': 'https' },
  }
  const sent = performance.now()
  return new Promise((resolve) => {
    const end = (status: number, code: string): void =>
      resolve({ verb, sent, at: performance.now(), status, code: code.slice(0, 80) })
    const options = { host: '127.0.0.1', port, path, method: 'POST', agent, headers, timeout: patience * 2 }
    const outgoing = request(options, (incoming) => {
      let text = ''
      incoming.on('data', (chunk) => {
        text += chunk
      })
      incoming.on('error', (error) => end(0, error.message))
      incoming.on('end', () => {
        const status = incoming.statusCode ?? 0
        if (status === 200) return end(status, '')
        if (status === 503 && !incoming.headers['retry-after']) return end(status, noRetryAfter)
        end(status, codeIn(text))
      })
    })
    outgoing.on('timeout', () => outgoing.destroy(new Error('no answer')))
    outgoing.on('error', (error) => end(0, error.message))
    outgoing.end(JSON.stringify(body))
  })
}

function codeIn(text: string): string {
  try {
    const { code, type, error } = JSON.parse(text) as Record<string, unknown>
    return String(code ?? type ?? error)
  } catch {
    return `not JSON: ${text.slice(0, 40)}`
  }
}

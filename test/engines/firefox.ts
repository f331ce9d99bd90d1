/** Firefox as Debian packages it, driven over its own socket, so that no other program is needed. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Engine } from './engines.ts'
import { type Send, tabOf } from './tab.ts'

/** Preferences of a fresh profile. */
const preferences = (proxy: number, scripts: boolean): Record<string, string | number | boolean> => ({
  'marionette.port': 0,
  'javascript.enabled': scripts,
  'network.proxy.type': 1,
  'network.proxy.http': '127.0.0.1',
  'network.proxy.http_port': proxy,
  'network.proxy.ssl': '127.0.0.1',
  'network.proxy.ssl_port': proxy,
  'ui.prefersReducedMotion': 1,
  'intl.accept_languages': 'en-GB, en',
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'media.gmp-widevinecdm.enabled': false,
  'media.gmp-manager.chromium-update-url': '',
  'media.gmp-manager.updateEnabled': false,
})

/** Opens a Firefox with a profile of its own. */
export const firefox: Engine = async ({ proxy, scripts }) => {
  const profile = mkdtempSync(join(tmpdir(), 'latchkey-firefox-'))
  const lines = Object.entries(preferences(proxy, scripts)).map(
    ([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`,
  )
  writeFileSync(join(profile, 'user.js'), lines.join(''))
  const flags = ['--headless', '--marionette', '--remote-allow-system-access', '--no-remote', '--profile', profile]
  const child = spawn(process.env.FIREFOX ?? 'firefox-esr', flags, {
    env: { ...process.env, HOME: profile },
    stdio: 'ignore',
  })
  try {
    const socket = connect(await portOf(profile, child), '127.0.0.1')
    const send = await speak(socket)
    await send({ name: 'WebDriver:NewSession', method: 'POST', path: '' }, { capabilities: {} })
    return {
      tab: tabOf(send),
      complaints: () => errorsOf(send),
      close: async () => {
        await send(quit, { flags: ['eForceQuit'] })
        await ended(child)
        rmSync(profile, { recursive: true, force: true })
      },
    }
  } catch (error) {
    child.kill('SIGKILL')
    throw error
  }
}

const quit = { name: 'Marionette:Quit', method: 'POST', path: '' } as const

/** The port that it took, which it writes down once it listens. */
async function portOf(profile: string, child: ChildProcess): Promise<number> {
  const file = join(profile, 'MarionetteActivePort')
  for (const end = performance.now() + 60_000; performance.now() < end; ) {
    if (child.exitCode !== null) throw new Error(`Firefox ended with ${child.exitCode} before it could be spoken to.`)
    if (existsSync(file) && readFileSync(file, 'utf8') !== '') return Number(readFileSync(file, 'utf8'))
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error('Firefox could not be spoken to within a minute.')
}

/** Messages are `length:[0, id, command, parameters]`, answers `length:[1, id, error, result]`. */
async function speak(socket: Socket): Promise<Send> {
  type Answer = (error: { message: string } | null, result: { value?: unknown } | null) => void
  const waiting = new Map<number, Answer>()
  let rest = Buffer.alloc(0)
  let last = 0
  let greet: () => void = () => undefined
  const greeted = new Promise<void>((resolve) => {
    greet = resolve
  })
  socket.on('data', (data: Buffer) => {
    rest = Buffer.concat([rest, data])
    for (let colon = rest.indexOf(':'); colon > 0; colon = rest.indexOf(':')) {
      const end = colon + 1 + Number(rest.subarray(0, colon))
      if (rest.length < end) return
      const message = JSON.parse(rest.subarray(colon + 1, end).toString()) as [1, number, ...Parameters<Answer>]
      rest = rest.subarray(end)
      // The first is a greeting.
      if (!Array.isArray(message)) greet()
      else waiting.get(message[1])?.(message[2], message[3])
    }
  })
  socket.on('close', () => {
    for (const answer of waiting.values()) answer({ message: 'Firefox went away.' }, null)
  })
  await greeted
  return ({ name }, body = {}) =>
    new Promise((resolve, reject) => {
      last += 1
      const id = last
      waiting.set(id, (error, result) => {
        waiting.delete(id)
        if (error) reject(new Error(`${name}: ${error.message}`))
        else resolve(result !== null && 'value' in result ? result.value : result)
      })
      const text = JSON.stringify([0, id, name, body])
      socket.write(`${Buffer.byteLength(text)}:${text}`)
    })
}

/** Errors and warnings of pages of this machine, breaches of the content policy among them, from the browser's own list. */
async function errorsOf(send: Send): Promise<string[]> {
  const context = (value: string) => send({ name: 'Marionette:SetContext', method: 'POST', path: '' }, { value })
  await context('chrome')
  const script = `return Services.console.getMessageArray()
    .filter((one) => one instanceof Ci.nsIScriptError && !/^(chrome|resource):/.test(one.sourceName))
    .map((one) => one.errorMessage + ' (' + one.sourceName + ':' + one.lineNumber + ')')`
  const found = await send({ name: 'WebDriver:ExecuteScript', method: 'POST', path: '' }, { script, args: [] })
  await context('content')
  return found as string[]
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return
  const timer = setTimeout(() => child.kill('SIGKILL'), 10_000)
  await once(child, 'exit')
  clearTimeout(timer)
}

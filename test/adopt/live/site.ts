/** What the stories beside real sites share: the site's own server, Latchkey's commands and server beside it, and letters. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { parseEnv } from 'node:util'
import type { Page, TestBrowser } from '../../../src/testing/index.ts'
import { program } from '../../program.ts'
import { type MailServer, mailServer } from '../../promises/mail-server.ts'
import { becomes, lettersTo, visitor } from '../../promises/real-server.ts'
import { type Child, startServer } from '../../promises/server-child.ts'
import { fresh, type Place } from '../kit.ts'

type Variables = Readonly<Record<string, string>>

/** A program that ends by itself; what it printed. Fails where its exit code is not 0. */
export async function ran(command: readonly string[], folder: string, env: Variables, stdin = ''): Promise<string> {
  const [program, ...args] = command as [string, ...string[]]
  const child = spawn(program, args, { cwd: folder, env, stdio: ['pipe', 'pipe', 'pipe'], timeout: 120_000 })
  child.stdin.end(stdin)
  const [out, error, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  assert.equal(code, 0, `${command.join(' ')}\n${out}\n${error}`)
  return out
}

/** The site's own server, in a process of its own, once it answers. */
export async function startSite(command: readonly string[], folder: string, env: Variables, port: number) {
  const [program, ...args] = command as [string, ...string[]]
  const child = spawn(program, args, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output += chunk
    })
  }
  const answers = async (): Promise<boolean> => {
    assert.equal(child.exitCode, null, `the site has ended:\n${output}`)
    return fetch(`http://127.0.0.1:${port}/`).then(
      () => true,
      () => false,
    )
  }
  await becomes('the site answers', answers, 60)
  return child
}

/** Lets it end. */
export async function stopped(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return
  const gone = once(child, 'exit')
  child.kill()
  await gone
}

/** Latchkey on an application's database, by the two files that `adopt` has written there. */
export type Beside = { readonly port: number; readonly post: MailServer; close(): Promise<void> }

/** A command of Latchkey, as one types it in the folder of the two files. */
export const latchkey = (place: Place, args: readonly string[], more: Variables = {}, stdin = ''): Promise<string> =>
  ran(
    [process.execPath, '--disable-warning=ExperimentalWarning', program, ...args],
    place.folder,
    { ...written(place), ...more },
    stdin,
  )

function written({ folder }: Place): Record<string, string> {
  const PATH = process.env.PATH ?? ''
  try {
    return { ...(parseEnv(readFileSync(join(folder, '.env'), 'utf8')) as Record<string, string>), PATH }
  } catch {
    return { PATH }
  }
}

/** Writes a line into `.env`, as its reader is told to. */
export const fillIn = ({ folder }: Place, line: string): void => appendFileSync(join(folder, '.env'), `${line}\n`)

/** `latchkey migrate`, then `latchkey serve`, with letters over SMTP to a server of the test's. */
export async function serveBeside(place: Place): Promise<Beside> {
  await latchkey(place, ['migrate'])
  const post = await mailServer()
  const { SECRET_KEY = '', DATABASE_URL = '', HASH_PEPPER = '', DJANGO_SECRET_KEY = '' } = written(place)
  // On loopback, and so without https: as in development.
  const environment = { SECRET_KEY, DATABASE_URL, HASH_PEPPER, DJANGO_SECRET_KEY }
  const child: Child = await startServer(place.folder, '', post.port, { environment })
  return {
    port: child.port,
    post,
    async close() {
      await stopped(child.process)
      await post.close()
    },
  }
}

/** A browser of somebody who was never here, at a port of this machine. */
let networks = 0
export const somebody = (port: number): TestBrowser => visitor(port, `203.0.113.${++networks}`)

/** The path of the link in the newest letter to this address that has one of this form. */
export async function linkTo(post: MailServer, address: string, form: RegExp): Promise<string> {
  let found: string | undefined
  await becomes(`a link to ${address}`, async () => {
    for (const letter of lettersTo(post, address)) {
      const link = form.exec((await letter.parsed()).text ?? '')?.[0]
      if (link) found = new URL(link).pathname
    }
    return found !== undefined
  })
  return found!
}

const ours = /https?:\/\/\S+\/auth\/password-reset-confirm\/\S+/

/** Asks Latchkey for a link; the form of an answer that is the same for everybody. */
export async function askFor(beside: Beside, typed: string): Promise<void> {
  const page = await somebody(beside.port).submit('/auth/password-reset/', { email: typed })
  assert.equal(page.status, 200, page.text)
}

/** Asks, opens the link that came to `stored`, and sets the password. */
export async function resetThrough(beside: Beside, typed: string, stored: string, password = fresh): Promise<void> {
  await askFor(beside, typed)
  await setBy(beside, await linkTo(beside.post, stored, ours), password)
}

/** Opens a link, wherever it is from, and sets the password on the page that it leads to. */
export async function setBy(beside: Beside, path: string, password = fresh): Promise<void> {
  const browser = somebody(beside.port)
  const { location, text: said } = await browser.look(path)
  assert.ok(location, said)
  const done: Page = await browser.submit(location, { new_password1: password, new_password2: password })
  assert.equal(done.status, 200, done.text)
  assert.doesNotMatch(done.text, /name="new_password1"/, done.text)
}

/** Whether a link opens nothing at Latchkey. */
export async function isDead(beside: Beside, path: string): Promise<boolean> {
  const page = await somebody(beside.port).look(path)
  return page.status === 410 && /Invalid or expired link/.test(page.text)
}

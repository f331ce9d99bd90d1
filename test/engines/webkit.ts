/** WebKitGTK with its small browser, as Debian packages them, on a display of its own. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { globSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { listen } from '../browser/harness.ts'
import type { Engine } from './engines.ts'
import { patiently, type Send, tabOf } from './tab.ts'

/** Opens a MiniBrowser under WebKitWebDriver. */
export const webkit: Engine = async ({ proxy, scripts }) => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-webkit-'))
  const [binary] = globSync('/usr/lib/*/webkit2gtk-4.1/MiniBrowser')
  if (!binary) throw new Error('There is no MiniBrowser of WebKitGTK; install webkit2gtk-driver and xvfb.')
  const children: ChildProcess[] = []
  const close = async (): Promise<void> => {
    for (const child of children.reverse()) await ended(child)
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    const screen = spawn('Xvfb', ['-displayfd', '3', '-screen', '0', '1400x1000x24', '-nolisten', 'tcp'], {
      stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
    })
    children.push(screen)
    const [display] = (await once(screen.stdio[3]!, 'data')) as [Buffer]
    const port = await freePort()
    const env = { ...process.env, DISPLAY: `:${display.toString().trim()}`, HOME: folder, LANGUAGE: 'en_GB' }
    children.push(spawn('WebKitWebDriver', ['--host=127.0.0.1', `--port=${port}`], { env, stdio: 'ignore' }))
    const args = ['--automation', `--enable-javascript=${scripts}`]
    const asked = {
      proxy: { proxyType: 'manual', httpProxy: `127.0.0.1:${proxy}`, noProxy: ['localhost', '127.0.0.1'] },
      'webkitgtk:browserOptions': { binary, args },
    }
    const base = `http://127.0.0.1:${port}/session`
    await patiently(async () => void (await fetch(`http://127.0.0.1:${port}/status`)))
    const body = { capabilities: { alwaysMatch: asked } }
    const { sessionId } = (await call('POST', base, body)) as { sessionId: string }
    const send: Send = ({ method, path }, body = {}) => call(method, `${base}/${sessionId}/${path}`, body)
    return {
      tab: tabOf(send),
      // Neither its driver nor its output gives the console of a driven page.
      complaints: async () => [],
      close: async () => {
        await call('DELETE', `${base}/${sessionId}`)
        await close()
      },
    }
  } catch (error) {
    await close()
    throw error
  }
}

async function call(method: string, url: string, body: unknown = {}): Promise<unknown> {
  const sent = method === 'POST' ? { body: JSON.stringify(body) } : {}
  const response = await fetch(url, { method, ...sent, signal: AbortSignal.timeout(60_000) })
  const { value } = (await response.json()) as { value: { error?: string; message?: string } | null }
  if (!response.ok) throw new Error(`${new URL(url).pathname}: ${value?.error}: ${value?.message}`)
  return value
}

async function freePort(): Promise<number> {
  const server = createServer()
  const port = await listen(server)
  await new Promise((done) => server.close(done))
  return port
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill()
  const timer = setTimeout(() => child.kill('SIGKILL'), 10_000)
  await once(child, 'exit')
  clearTimeout(timer)
}

/** Our side of the generator's process, and the requests that it is given. */
import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Done, Job } from './generator.ts'

/** Sends jobs, one after another, to a process of its own. */
export type Load = { run(job: Partial<Job> & Pick<Job, 'port' | 'requests'>): Promise<Done>; end(): void }

export function startLoad(): Load {
  const child: ChildProcess = fork(fileURLToPath(new URL('./generator.ts', import.meta.url)), {
    serialization: 'advanced',
    execArgv: [],
  })
  return {
    run: (job) =>
      new Promise((resolve, reject) => {
        const gone = (): void => reject(new Error('The generator ended.'))
        child.once('exit', gone)
        child.once('message', (done) => {
          child.off('exit', gone)
          resolve(done as Done)
        })
        child.send({ connections: 48, seconds: 3, warm: 0, once: false, probe: null, ...job } satisfies Job)
      }),
    end: () => void child.disconnect(),
  }
}

/** Headers as a browser sends them, in number and size: a server pays for reading them. */
const usual = {
  Accept: 'text/html,application/xhtml+xml,application/json;q=0.9,*/*;q=0.8',
  'Accept-Language': 'en-GB,en;q=0.8',
  'User-Agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
}

const text = (method: string, port: number, path: string, headers: Record<string, string>, body: string): string => {
  const lines = Object.entries({ Host: `127.0.0.1:${port}`, ...usual, ...headers })
  const length = method === 'POST' ? `Content-Length: ${Buffer.byteLength(body)}\r\n` : ''
  return `${method} ${path} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}${length}\r\n${body}`
}

export const get = (port: number, path: string, headers: Record<string, string> = {}): string =>
  text('GET', port, path, headers, '')

export const postJson = (port: number, path: string, body: object, headers: Record<string, string> = {}): string =>
  text('POST', port, path, { 'Content-Type': 'application/json', ...headers }, JSON.stringify(body))

/** A form, sent from a page of the same origin by a browser that has its cookie. */
export const postForm = (
  port: number,
  path: string,
  fields: Record<string, string>,
  headers: Record<string, string> = {},
): string =>
  text(
    'POST',
    port,
    path,
    {
      'Content-Type': 'application/x-www-form-urlencoded',
      Origin: `http://127.0.0.1:${port}`,
      'Sec-Fetch-Site': 'same-origin',
      ...headers,
    },
    new URLSearchParams(fields).toString(),
  )

/** What a browser has from a page with a form: its cookie and the form's token. */
export async function formAt(port: number, path: string): Promise<{ token: string; headers: { Cookie: string } }> {
  const page = await fetch(`http://127.0.0.1:${port}${path}`)
  const cookies = page.headers.getSetCookie().map((line) => line.split(';')[0]!)
  const token = /name="csrf_token"[^>]*value="([^"]*)"/.exec(await page.text())?.[1]
  if (token === undefined) throw new Error(`There is no form on ${path} (status ${page.status}).`)
  return { token, headers: { Cookie: cookies.join('; ') } }
}

/**
 * What the stories do in a browser that is driven by W3C WebDriver: a few commands, each named once for both ways there
 * are. Firefox takes them over a socket of its own (Marionette, which geckodriver speaks as well), WebKitGTK over HTTP.
 */

/** Sends one command and gives its value. `name` is Marionette's, `method` and `path` are of W3C WebDriver. */
export type Send = (command: Command, body?: Record<string, unknown>) => Promise<unknown>

/** A command by both of its names. */
export type Command = { readonly name: string; readonly method: 'GET' | 'POST' | 'DELETE'; readonly path: string }

const command = (name: string, method: Command['method'], path: string): Command => ({
  name: `WebDriver:${name}`,
  method,
  path,
})
const commands = {
  navigate: command('Navigate', 'POST', 'url'),
  address: command('GetCurrentURL', 'GET', 'url'),
  back: command('Back', 'POST', 'back'),
  reload: command('Refresh', 'POST', 'refresh'),
  find: command('FindElement', 'POST', 'element'),
  script: command('ExecuteScript', 'POST', 'execute/sync'),
  scriptAsync: command('ExecuteAsyncScript', 'POST', 'execute/async'),
  forget: command('DeleteAllCookies', 'DELETE', 'cookie'),
  size: command('SetWindowRect', 'POST', 'window/rect'),
  click: (id: string) => command('ElementClick', 'POST', `element/${id}/click`),
  clear: (id: string) => command('ElementClear', 'POST', `element/${id}/clear`),
  type: (id: string) => command('ElementSendKeys', 'POST', `element/${id}/value`),
}

const element = 'element-6066-11e4-a52e-4f735466cecf'

/** The one tab of a browser, and the browser's end. */
export type Tab = ReturnType<typeof tabOf>

/** What a story says, over the commands. */
export function tabOf(send: Send) {
  const find = async (xpath: string): Promise<string> =>
    patiently(async () => {
      const found = (await send(commands.find, { using: 'xpath', value: xpath })) as Record<string, string>
      return found[element]!
    })
  const click = async (xpath: string): Promise<void> => {
    const id = await find(xpath)
    await send(commands.click(id), { id })
  }
  const run = (script: string, ...args: unknown[]): Promise<unknown> => send(commands.script, { script, args })
  return {
    /** Sends a command that only one engine has. */
    send,
    /** Opens an address and waits until it is loaded. */
    go: async (url: string): Promise<void> => void (await send(commands.navigate, { url })),
    address: async (): Promise<string> => (await send(commands.address)) as string,
    back: async (): Promise<void> => void (await send(commands.back)),
    reload: async (): Promise<void> => void (await send(commands.reload)),
    forget: async (): Promise<void> => void (await send(commands.forget)),
    /** How wide the page is, once the window was asked for a width; windows have a least one. */
    resize: async (width: number, height: number): Promise<number> => {
      await send(commands.size, { width, height })
      return (await run('return innerWidth')) as number
    },
    /** Runs a body of a function in the page. */
    run,
    /** The same, for one that calls its last argument when it is done. */
    runAsync: (script: string, ...args: unknown[]): Promise<unknown> => send(commands.scriptAsync, { script, args }),
    press: (name: string): Promise<void> => click(`//button[normalize-space()=${quoted(name)}]`),
    follow: (name: string): Promise<void> => click(`//a[normalize-space()=${quoted(name)}]`),
    /** Types into the field of this label, what stood there gone; `then` are keys that follow. */
    type: async (label: string, text: string, then = ''): Promise<void> => {
      const id = await find(`//input[@id=//label[normalize-space()=${quoted(label)}]/@for]`)
      await send(commands.clear(id), { id })
      await send(commands.type(id), { id, text: text + then })
    },
    /** Waits until the page has this heading. */
    arrive: async (title: string): Promise<void> => {
      let seen: unknown = null
      await patiently(async () => {
        seen = await run('return document.querySelector("h1")?.textContent.trim() ?? null')
        if (seen !== title)
          throw new Error(`The heading is "${seen}" and not "${title}", at ${await run('return location.href')}.`)
      })
    },
    /** Waits for the page that answers a form with what was wrong in it. */
    refused: (): Promise<void> =>
      patiently(async () => {
        const title = await run('return document.readyState === "complete" ? document.title : ""')
        if (!String(title).startsWith('Error: ')) throw new Error(`Nothing was refused by "${title}".`)
      }),
    /** Waits until the page says this somewhere, and gives all that it says. */
    says: (what: RegExp): Promise<string> =>
      patiently(async () => {
        const text = (await run('return document.body.innerText')) as string
        if (!what.test(text)) throw new Error(`The page does not say ${what}, but:\n${text}`)
        return text
      }),
  }
}

/** The Enter key, as WebDriver names it. */
export const enter = '\uE007'

const quoted = (text: string): string => (text.includes('"') ? `'${text}'` : `"${text}"`)

/** Tries until it works; twenty seconds at most, then what went wrong last. */
export async function patiently<T>(attempt: () => Promise<T>): Promise<T> {
  for (const end = performance.now() + 20_000; ; ) {
    try {
      return await attempt()
    } catch (error) {
      if (performance.now() > end) throw error
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
}

/**
 * The hook and the forms on the newest React and on the oldest that `package.json` allows: rendered on a server, woken
 * in a real browser, and walked through to the new password. React's own complaints (a page that differs from what the
 * server sent, an effect that runs twice and should not) are told by its development build, and fail the visit.
 */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build, type InlineConfig } from 'vite'
import { ada, codeOf, logIn, newPassword, oldPassword, press, stories, type, visit } from '../browser/harness.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const source = join(root, 'test/fixtures/react')
const places = { 19: root, 18: join(root, 'test/fixtures/react-18') }

const installed = (folder: string): void => {
  if (existsSync(join(folder, 'node_modules/react'))) return
  execFileSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: folder, timeout: 300_000 })
}

/** One file of the fixture, built for the React that stands in the folder. */
async function built(folder: string, entry: string, more: InlineConfig): Promise<string> {
  const outDir = join(folder, 'node_modules/.cache/latchkey-react')
  const alias = Object.fromEntries(['react', 'react-dom'].map((name) => [name, join(folder, 'node_modules', name)]))
  const common = { configFile: false, root: source, mode: 'development', logLevel: 'warn' } as const
  await build({
    ...common,
    ...more,
    resolve: entry === 'server' ? {} : { alias },
    build: {
      ...{ outDir, emptyOutDir: false, minify: false, reportCompressedSize: false },
      ssr: entry === 'server',
      rollupOptions: { input: join(source, `${entry}.tsx`), output: { entryFileNames: `${entry}.mjs` } },
    },
  })
  return join(outDir, `${entry}.mjs`)
}

for (const [major, folder] of Object.entries(places)) {
  visit(
    `React ${major}: what a server rendered wakes up in a browser, and leads to the new password`,
    { expects: [400, 403] },
    async (visit) => {
      const { page, origin, house } = visit
      installed(folder)
      const { version } = JSON.parse(readFileSync(join(folder, 'node_modules/react/package.json'), 'utf8')) as {
        version: string
      }
      assert.equal(version.split('.')[0], major)
      const server = await built(folder, 'server', {})
      const { html } = (await import(pathToFileURL(server).href)) as { html: string }
      assert.match(html, /<label for="[^"]+">Email address<\/label>/)
      const script = readFileSync(await built(folder, 'browser', {}), 'utf8')
      const body = `<!doctype html><html lang="en"><title>App</title><link rel="icon" href="data:,"><div id="app">${html}</div><script type="module">${script.replaceAll('</script', '<\\/script')}</script>`
      await page.route(`${origin}/app-of-somebody/`, (route) =>
        route.fulfill({ contentType: 'text/html; charset=utf-8', body }),
      )

      await page.goto(`${origin}/app-of-somebody/`)
      await page.locator(`html[data-react="${version}"]`).waitFor()
      await press(page, 'Send reset link')
      await page.getByText('Email is required').waitFor()
      await type(page, 'Email address', ada)
      await press(page, 'Send reset link')
      await page.locator('input[name=code]').waitFor()
      const code = codeOf(await house.letter())
      await page.locator('input[name=code]').fill(code === '111111' ? '222222' : '111111')
      await page.keyboard.press('Enter')
      await page.getByText('Invalid or expired code').waitFor()
      await page.locator('input[name=code]').fill(`${code.slice(0, 3)} ${code.slice(3)}`)
      await page.keyboard.press('Enter')
      await type(page, 'New password', newPassword)
      await page.getByText('5 of 6 met').waitFor()
      await type(page, 'Confirm new password', newPassword)
      await press(page, 'Reset password')
      await page.getByText('Password reset successful').waitFor()
      await page.goto(origin + stories.classic.login)
      await logIn(page, stories.classic, oldPassword)
      await page.getByRole('alert').waitFor()
      await logIn(page, stories.classic, newPassword)
      await page.getByRole('heading', { name: 'Your account' }).waitFor()
    },
  )
}

/**
 * Takes the reference pictures of every page and letter into `docs/pictures/`: at 360, 768 and 1280 px, light and dark.
 * Run it after the looks have changed, look at what git says is different, and commit what was meant.
 *
 *     node scripts/pictures.ts [--out FOLDER] [--only NAME]
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import type { Browser } from 'playwright-core'
import { readAssets } from '../src/assets.ts'
import { startBrowser } from '../test/browser/chromium.ts'
import { screens } from './pictures/screens.ts'

const { values } = parseArgs({
  options: {
    out: { type: 'string', default: fileURLToPath(new URL('../docs/pictures/', import.meta.url)) },
    only: { type: 'string', default: '' },
    all: { type: 'boolean', default: false },
  },
})

/** Widths with the palettes that are kept; `--all` takes every one. */
const kept = [
  [360, 'light'],
  [360, 'dark'],
  [768, 'light'],
  [1280, 'dark'],
  [1280, 'light'],
  [768, 'dark'],
] as const

const assets = readAssets(null)
const files: Record<string, { body: string | Uint8Array; type: string }> = {
  '/page.css': assets.style,
  '/page.js': assets.script,
  '/strength.js': assets.strength,
}

async function take(browser: Browser, width: number, colorScheme: 'light' | 'dark'): Promise<void> {
  const context = await browser.newContext({
    viewport: { width, height: 640 },
    colorScheme,
    reducedMotion: 'reduce',
    timezoneId: 'UTC',
    locale: 'en-GB',
  })
  const page = await context.newPage()
  for (const [name, html] of Object.entries(screens)) {
    if (!name.includes(values.only)) continue
    await page.route('http://pictures.invalid/**', (route) => {
      const file = files[new URL(route.request().url()).pathname]
      if (file) return route.fulfill({ body: Buffer.from(file.body), contentType: file.type })
      return route.fulfill({ body: html, contentType: 'text/html; charset=utf-8' })
    })
    await page.goto('http://pictures.invalid/')
    await page.screenshot({ path: join(values.out, `${name}-${width}-${colorScheme}.png`), fullPage: true })
    await page.unrouteAll()
  }
  await context.close()
}

mkdirSync(values.out, { recursive: true })
const browser = await startBrowser()
try {
  for (const [width, scheme] of values.all ? kept : kept.slice(0, 4)) await take(browser, width, scheme)
} finally {
  await browser.close()
}

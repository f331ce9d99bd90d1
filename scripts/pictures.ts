/**
 * Takes the reference pictures of every page and letter into `docs/pictures/`: at 360, 768 and 1280 px, light and dark.
 * Run it after the looks have changed, look at what git says is different, and commit what was meant.
 *
 *     node scripts/pictures.ts [--out FOLDER] [--only NAME] [--locale TAG]
 *
 * Languages whose letters the browser's own font does not have are drawn with the system's: `FONTCONFIG_FILE=/etc/fonts/fonts.conf`.
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import type { Browser } from 'playwright-core'
import { readAssets } from '../src/assets.ts'
import { ready } from '../src/words/index.ts'
import { startBrowser } from '../test/browser/chromium.ts'
import { screensOf } from './pictures/screens.ts'

const { values } = parseArgs({
  options: {
    out: { type: 'string', default: fileURLToPath(new URL('../docs/pictures/', import.meta.url)) },
    only: { type: 'string', default: '' },
    locale: { type: 'string', default: 'en' },
  },
})

/** Each width in both palettes; what is wide is taken at half its size, to be looked at as a whole. */
const shots = [360, 768, 1280].flatMap((width) => (['light', 'dark'] as const).map((palette) => ({ width, palette })))

const assets = readAssets(null)
const files: Record<string, { body: string | Uint8Array; type: string }> = {
  '/page.css': assets.style,
  '/page.js': assets.script,
  '/strength.js': assets.strength,
}

async function take(browser: Browser, { width, palette }: (typeof shots)[number]): Promise<void> {
  const context = await browser.newContext({
    viewport: { width, height: 640 },
    deviceScaleFactor: width > 360 ? 0.5 : 1,
    colorScheme: palette,
    reducedMotion: 'reduce',
    timezoneId: 'UTC',
    locale: 'en-GB',
  })
  const page = await context.newPage()
  for (const [name, html] of Object.entries(screensOf(values.locale))) {
    // A letter is as wide as it gets at 768 px.
    if (!name.includes(values.only) || (width > 768 && name.startsWith('letter'))) continue
    await page.route('http://pictures.invalid/**', (route) => {
      const file = files[new URL(route.request().url()).pathname]
      if (file) return route.fulfill({ body: Buffer.from(file.body), contentType: file.type })
      return route.fulfill({ body: html, contentType: 'text/html; charset=utf-8' })
    })
    await page.goto('http://pictures.invalid/')
    await page.screenshot({ path: join(values.out, `${name}-${width}-${palette}.png`), fullPage: true })
    await page.unrouteAll()
  }
  await context.close()
}

await ready(values.locale)
mkdirSync(values.out, { recursive: true })
const browser = await startBrowser()
try {
  for (const shot of shots) await take(browser, shot)
} finally {
  await browser.close()
}

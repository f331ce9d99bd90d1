/**
 * The browser of the tests: a Chromium that comes as a package, so that a bare machine needs nothing installed.
 *
 * It is unpacked here and not by the package's own function, for three reasons: that one writes straight to
 * `/tmp/chromium`, so that a run that was cut off leaves half a browser for ever; it takes whatever version lies there;
 * and it leaves out the shared libraries (NSS, expat) unless it believes to be on Amazon's machines. Its switches are
 * left aside too: they turn web security off, which these tests are about.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliDecompressSync } from 'node:zlib'
import { type Browser, chromium } from 'playwright-core'

const pack = join(dirname(fileURLToPath(import.meta.resolve('@sparticuz/chromium'))), '..')
const cache = fileURLToPath(new URL('../../node_modules/.cache/latchkey-browser/', import.meta.url))

/** The folder of the unpacked browser; unpacked once per version, and whole or not at all. */
function unpacked(): string {
  const { version } = JSON.parse(readFileSync(join(pack, 'package.json'), 'utf8')) as { version: string }
  const folder = join(cache, version)
  if (existsSync(folder)) return folder
  mkdirSync(cache, { recursive: true })
  const draft = mkdtempSync(join(cache, 'draft-'))
  const read = (name: string): Buffer => brotliDecompressSync(readFileSync(join(pack, 'bin', name)))
  writeFileSync(join(draft, 'chromium'), read('chromium.br'), { mode: 0o755 })
  for (const name of ['al2023.tar.br', 'fonts.tar.br']) {
    const { status, stderr, error } = spawnSync('tar', ['-x', '--no-same-owner', '-C', draft], { input: read(name) })
    if (status !== 0) throw new Error(`tar could not unpack ${name}: ${error?.message ?? stderr}`)
  }
  // The package's own fonts and no others, so that lines break alike on every machine.
  const fonts = `<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>${folder}/fonts</dir><cachedir>${folder}/fonts-cache</cachedir></fontconfig>`
  writeFileSync(join(draft, 'fonts.conf'), fonts)
  try {
    renameSync(draft, folder)
  } catch (error) {
    rmSync(draft, { recursive: true, force: true })
    // Another run was first.
    if (!existsSync(folder)) throw error
  }
  return folder
}

/** Starts the browser, with more switches where asked. A machine on which it does not run fails the test; nothing is skipped. */
export function startBrowser(switches: readonly string[] = []): Promise<Browser> {
  const folder = unpacked()
  return chromium.launch({
    executablePath: join(folder, 'chromium'),
    // The sandbox needs rights that a container or root does not have. The pages are our own.
    chromiumSandbox: false,
    headless: true,
    args: ['--disable-gpu', '--disable-software-rasterizer', '--font-render-hinting=none', ...switches],
    env: {
      FONTCONFIG_FILE: join(folder, 'fonts.conf'),
      ...process.env,
      LD_LIBRARY_PATH: [join(folder, 'lib'), process.env.LD_LIBRARY_PATH].filter(Boolean).join(':'),
    },
    timeout: 60_000,
  })
}

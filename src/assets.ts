/** The built front-end files, read once at the start from `dist/web`. */
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Fault } from './engine/outcome.ts'
import type { Asset, Assets } from './http/parts.ts'

const types: Record<string, string> = {
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
}

/** Stands in the built front end where its base belongs. */
const placeholder = '/__latchkey_base__/'

/**
 * Style, script and, where `spaBase` says under which path, the front end. `brands`: style that the brands add.
 * @throws Fault `configuration` when they are not built.
 */
export function readAssets(spaBase: string | null, brands = ''): Assets {
  const root = fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? '../dist/web/' : '../web/', import.meta.url))
  if (!['pages', 'captcha', 'strength'].every((one) => existsSync(join(root, one)))) {
    throw new Fault(
      'configuration',
      `The pages' style and script are not built: expected them in ${root}. Run "npm run build".`,
    )
  }
  const style = withMore(read(join(root, 'pages/page.css')), brands)
  const script = read(join(root, 'pages/page.js'))
  const captcha = read(join(root, 'captcha/captcha.js'))
  const strength = read(join(root, 'strength/strength.js'))
  const all = [style, script, captcha, strength].reduce((hash, one) => hash.update(one.body), createHash('sha256'))
  const version = all.digest('base64url').slice(0, 12)
  return {
    style,
    script,
    captcha,
    strength,
    version,
    spa: spaBase === null ? null : readSpa(join(root, 'spa'), spaBase),
  }
}

const withMore = ({ body, type }: Asset, more: string): Asset => ({
  body: more === '' ? body : `${Buffer.from(body)}${more}`,
  type,
})

function readSpa(folder: string, base: string): ReadonlyMap<string, Asset> | null {
  if (!existsSync(folder)) return null
  const files = new Map<string, Asset>()
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    const asset = read(path)
    const name = path.slice(folder.length + 1).replaceAll('\\', '/')
    const isText = name.endsWith('.html')
    const body = isText ? Buffer.from(asset.body).toString('utf8').replaceAll(placeholder, `${base}/`) : asset.body
    files.set(name, { ...asset, body })
  }
  return files
}

const read = (path: string): Asset => ({
  body: new Uint8Array(readFileSync(path)),
  type: types[extname(path)] ?? 'application/octet-stream',
})

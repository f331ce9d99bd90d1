/**
 * Builds the script that estimates a password's strength into `dist/web/strength/strength.js`; only pages where a new
 * password is typed load it. Its words are cut to what a poor line carries: every guess past the first few thousand is
 * one that a counter of letters and digits finds weak by itself.
 */
import { adjacencyGraphs, dictionary } from '@zxcvbn-ts/language-common'
import { defineConfig } from 'vite'

const name = 'virtual:dictionary'
/** Bytes of words and keyboards together. */
const most = 60 * 1024

function words(): string {
  const { qwerty, qwertz, azerty, keypad } = adjacencyGraphs as Record<string, object>
  const graphs = JSON.stringify({ qwerty, qwertz, azerty, keypad })
  const all = dictionary['passwords-common'].map(String).filter((word) => /^[!-~]{3,}$/.test(word) && !/["\\]/.test(word))
  const room = most - graphs.length - 200
  const passwords = all.join(' ').slice(0, room).replace(/ [^ ]*$/, '')
  const source = `export const passwords = ${JSON.stringify(passwords)}\nexport const graphs = ${graphs}\n`
  if (source.length > most) throw new Error(`The dictionary has ${source.length} bytes; ${most} are allowed.`)
  return source
}

export default defineConfig({
  publicDir: false,
  plugins: [
    {
      name: 'dictionary',
      resolveId: (id) => (id === name ? `\0${name}` : null),
      load: (id) => (id === `\0${name}` ? words() : null),
    },
  ],
  build: {
    outDir: 'dist/web/strength',
    emptyOutDir: true,
    modulePreload: false,
    reportCompressedSize: false,
    license: { fileName: 'LICENSES.md' },
    rolldownOptions: {
      input: { strength: 'web/pages/strength.ts' },
      preserveEntrySignatures: 'strict',
      output: { format: 'es', entryFileNames: 'strength.js' },
    },
  },
})

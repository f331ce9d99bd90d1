/**
 * Builds what Node runs, from `src` into `dist`: a file for each that others name, and what several share beside them in
 * `dist/parts`; packages that are not installed with ours are compiled in. Why not file by file: a start that
 * reads 350 files takes 1.4 times as long as one that reads 50.
 */
import { defineConfig } from 'vite'
import about from './package.json' with { type: 'json' }

/** What others import, and what is started as a program, a process or a thread of its own. */
const named = [
  ...Object.values(about.exports).map(({ default: file }) => file.replace(/^\.\/dist\/|\.js$/g, '')),
  ...['cli/main', 'server/child', 'stores/sqlite-thread'],
]

export default defineConfig({
  publicDir: false,
  // Half of zod is its errors in fifty languages, of which nobody here is shown any.
  plugins: [{ name: 'no-languages', load: (id) => (/\/zod\/v4\/locales\/index\.js$/.test(id) ? 'export {}' : null) }],
  ssr: { noExternal: true, external: Object.keys({ ...about.dependencies, ...about.peerDependencies }) },
  build: {
    ssr: true,
    target: 'es2024',
    outDir: 'dist',
    // Declarations and the front end are there already.
    emptyOutDir: false,
    license: { fileName: 'LICENSES.md' },
    rolldownOptions: {
      // Else a call of which the result is not used is taken for one without effect, and taken out: `decodeURIComponent`,
      // for instance, where it is there to throw.
      treeshake: false,
      input: Object.fromEntries(named.map((name) => [name, `src/${name}.ts`])),
      // All one folder down, as in `src`, so that what is found by a file's own place is found from here too. Not minified,
      // so that stack traces can be read.
      output: { format: 'es', entryFileNames: '[name].js', chunkFileNames: 'parts/[name].js', minify: false },
    },
  },
})

/** Builds script and style sheet of the server's own pages into `dist/web/pages/page.js` and `page.css`. */
import { defineConfig } from 'vite'

// Both through one entry that is not a file: a style sheet of the script's own would have to be imported by it.
const entry = '\0page'

export default defineConfig({
  publicDir: false,
  plugins: [
    {
      name: 'page',
      resolveId: (id) => (id === entry ? id : null),
      load: (id) => (id === entry ? `import '/web/pages/script.ts'\nimport '/web/pages/style.css'` : null),
    },
  ],
  build: {
    outDir: 'dist/web/pages',
    emptyOutDir: true,
    // Without it a plain script brings its style as a `<style>` element, which the pages' policy forbids.
    cssCodeSplit: false,
    // Nothing beside the two files.
    assetsInlineLimit: Number.POSITIVE_INFINITY,
    modulePreload: false,
    reportCompressedSize: false,
    rolldownOptions: {
      input: { page: entry },
      // No hashes: the server makes them when it serves. A function of its own, so that it works as a plain script too.
      output: { format: 'iife', entryFileNames: 'page.js', assetFileNames: 'page[extname]' },
    },
  },
})

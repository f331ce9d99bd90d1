/** Builds the script of the pages that ask for a captcha into `dist/web/captcha/captcha.js`; others never load it. */
import { defineConfig } from 'vite'

export default defineConfig({
  publicDir: false,
  build: {
    outDir: 'dist/web/captcha',
    emptyOutDir: true,
    modulePreload: false,
    reportCompressedSize: false,
    rolldownOptions: {
      input: { captcha: 'web/pages/captcha.ts' },
      output: { format: 'iife', entryFileNames: 'captcha.js' },
    },
  },
})

/** Builds the front end of the flow `spa` into `dist/web/spa/`. */
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

export default defineConfig(({ command }) => ({
  root: 'web/spa',
  // A front end built once is served under any base: the server puts its own in place of this one in index.html.
  // Relative addresses would not do, since pages lie at different depths.
  base: command === 'build' ? '/__latchkey_base__/' : '/app/',
  publicDir: false,
  plugins: [react()],
  build: {
    outDir: '../../dist/web/spa',
    emptyOutDir: true,
    // One script, and no helper that would hold the placeholder.
    modulePreload: false,
    assetsInlineLimit: 0,
    reportCompressedSize: false,
  },
  // `vite` beside `npm start`: the pages from here, the API from there.
  server: {
    proxy: Object.fromEntries(['/app/config.json', '/auth/', '/api/'].map((path) => [path, 'http://localhost:3000'])),
  },
}))

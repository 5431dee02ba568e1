import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vite'

/** The console's page, as static files that `lib/console` serves under a Content-Security-Policy without 'unsafe-inline'. */
export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: fileURLToPath(new URL('../dist/console', import.meta.url)),
    emptyOutDir: true,
    // Nothing is written into the page itself, which its policy would refuse.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    license: { fileName: 'licenses.md' },
  },
})

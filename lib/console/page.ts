/** The page's files, which are built when the package is: `console/`. */
import { serveStatic } from '@hono/node-server/serve-static'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export function servePage(root: string) {
  return serveStatic({
    root,
    onFound: (path, c) => {
      // Those have a hash of what is in them in their names.
      const isFixed = path.includes('/assets/')
      c.header('cache-control', isFixed ? 'private, max-age=31536000, immutable' : 'no-store')
    },
  })
}

/** Where they are in the package; undefined where it was not built. */
export function pageFolder(): string | undefined {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    // In the package as it is installed, this file is in dist/ itself.
    for (const found of [join(folder, 'console'), join(folder, 'dist', 'console')])
      if (existsSync(join(found, 'assets')) && existsSync(join(found, 'index.html'))) return found
    if (folder === dirname(folder)) return undefined
  }
}

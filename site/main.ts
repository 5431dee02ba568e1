/**
 * The documentation as a site. `npm run docs` serves it and follows changes in docs/; `npm run docs:build` writes it to
 * .site/dist and checks each link and anchor in it. The pages are copied to .site/pages first: docs/ is what the package
 * ships and GitHub shows, so that nothing of the site lies in it.
 */
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { watch } from 'chokidar'
import { build, createServer } from 'vitepress'
import { deadLinks } from './links.ts'
import { sections } from './navigation.ts'
import { docs, pageForSite, pagesOf, root } from './pages.ts'

const work = join(root, '.site')
const pages = join(work, 'pages')
const site = join(root, 'site')

function put(page: string): void {
  const file = join(pages, page)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, pageForSite(page, readFileSync(join(docs, page), 'utf8')))
}

/** @throws Error where the navigation has a page that is not there, or lacks one that is */
function checkNavigation(found: readonly string[]): void {
  const listed = sections.flatMap((section) => section.pages)
  const missing = found.filter((page) => !listed.includes(page))
  const gone = listed.filter((page) => !found.includes(page))
  if (missing.length > 0) throw new Error(`site/navigation.ts has no place for ${missing.join(', ')}`)
  if (gone.length > 0) throw new Error(`site/navigation.ts has pages that are not there: ${gone.join(', ')}`)
}

function copyPages(): void {
  for (const folder of ['pages', 'public', 'dist'])
    rmSync(join(work, folder), { recursive: true, force: true })
  const found = pagesOf(docs)
  checkNavigation(found)
  cpSync(docs, pages, { recursive: true })
  for (const page of found) put(page)
  cpSync(join(site, 'index.md'), join(pages, 'index.md'))
  // For language models: the list of pages, and beside each page its text.
  mkdirSync(join(work, 'public'))
  for (const page of [...found, 'llms.txt']) cpSync(join(pages, page), join(work, 'public', page))
}

/** The pages of the API, from the docstrings. TypeDoc needs TypeScript 6, which is this workspace's own. */
function writeApi(): void {
  const { resolve } = createRequire(join(site, 'package.json'))
  const bin = join(dirname(resolve('typedoc/package.json')), 'bin/typedoc')
  execFileSync(process.execPath, [bin, '--logLevel', 'Warn'], { cwd: site, stdio: 'inherit' })
  for (const page of pagesOf(join(pages, 'api'))) {
    const file = join(pages, 'api', page)
    writeFileSync(file, `---\neditLink: false\n---\n\n${readFileSync(file, 'utf8')}`)
  }
}

copyPages()
writeApi()
if (process.argv[2] === 'build') {
  await build(site)
  const dead = deadLinks(join(work, 'dist'))
  for (const { page, link } of dead) console.error(`${page} links ${link}, which is not there`)
  if (dead.length > 0) process.exitCode = 1
} else {
  const server = await createServer(site, { host: '127.0.0.1' })
  await server.listen()
  server.printUrls()
  watch(docs, { cwd: docs, ignoreInitial: true }).on('all', (event, path) => {
    if ((event === 'add' || event === 'change') && path.endsWith('.md')) put(path.replaceAll('\\', '/'))
  })
}

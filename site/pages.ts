/** The pages of docs/, as the site shows them. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../', import.meta.url))
export const docs = join(root, 'docs')

const { repository } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  repository: { url: string }
}
export const repositoryUrl = repository.url.replace(/^git\+|\.git$/g, '')

/** By their paths in docs/, with '/' on every system. */
export const pagesOf = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => path.endsWith('.md'))
    .toSorted()

/** A file of the repository that is no page of the site, as the hosting site of the repository shows it. */
const inRepository = (path: string) => `${repositoryUrl}/blob/main/${path}`

/** `text` with what `change` makes of its prose; blocks of code stay. */
const inProse = (text: string, change: (prose: string) => string): string =>
  text
    .split(/(^ *```[\s\S]*?^ *```$)/m)
    .map((part, index) => (index % 2 === 0 ? change(part) : part))
    .join('')

/**
 * A page as the site shows it: links to files outside docs/ lead to the repository, and above a block of code stands the
 * link to its file.
 * @throws Error with all links that lead to no file
 */
export function pageForSite(page: string, text: string): string {
  const dead: string[] = []
  const at = (link: string) => {
    const path = relative(root, join(docs, dirname(page), link)).replaceAll('\\', '/')
    if (!existsSync(join(root, path))) dead.push(link)
    return path
  }
  const linked = inProse(text, (prose) =>
    prose
      .replace(/\]\((\.\.?\/[^)\s#]+)(#[^)\s]*)?\)/g, (whole, link: string, anchor = '') => {
        const path = at(link)
        return path.startsWith('docs/') ? whole : `](${inRepository(path)}${String(anchor)})`
      })
      .replace(/^<!-- ([\w./-]+) -->\n$/gm, (whole, file: string) =>
        existsSync(join(root, file))
          ? `<p class="source"><a href="${inRepository(file)}">${file}</a></p>\n\n`
          : whole,
      ),
  )
  if (dead.length > 0) throw new Error(`docs/${page} links files that are not there: ${dead.join(', ')}`)
  return linked
}

/** The links in the pages of a built site, by their HTML: what VitePress, TypeDoc and the navigation made, too. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'

interface Link {
  readonly page: string
  readonly link: string
}

/** Of `/a/b`, as the server of a site with clean URLs finds it. */
const filesFor = (path: string) =>
  path.endsWith('/') ? [`${path}index.html`] : [path, `${path}.html`, `${path}/index.html`]

const unescaped = (text: string) =>
  text.replaceAll('&amp;', '&').replaceAll('&quot;', '"').replaceAll('&#39;', "'")

/** Those that lead to no page of the site, or to none of the page's anchors. */
export function deadLinks(dist: string): Link[] {
  const pages = readdirSync(dist, { recursive: true, encoding: 'utf8' })
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => path.endsWith('.html'))
  const texts = new Map(pages.map((page) => [`/${page}`, readFileSync(join(dist, page), 'utf8')]))
  const anchors = new Map(
    [...texts].map(([page, text]) => [
      page,
      new Set([...text.matchAll(/\sid="([^"]*)"/g)].map(([, id]) => unescaped(id as string))),
    ]),
  )
  const isThere = (page: string, link: string): boolean => {
    const { pathname, hash } = new URL(link, `http://site${page}`)
    const path = posix.normalize(decodeURIComponent(pathname))
    const file = filesFor(path).find((name) => texts.has(name) || existsSync(join(dist, name)))
    if (file === undefined) return false
    const ids = anchors.get(file)
    return hash === '' || ids === undefined || ids.has(decodeURIComponent(hash.slice(1)))
  }
  return [...texts].flatMap(([page, text]) => {
    const links = new Set(
      [...text.matchAll(/\s(?:href|src)="([^"]*)"/g)].map(([, link]) => unescaped(link as string)),
    )
    return [...links]
      .filter((link) => !/^(https?:|mailto:|data:)/.test(link))
      .filter((link) => !isThere(page, link))
      .map((link) => ({ page, link }))
  })
}

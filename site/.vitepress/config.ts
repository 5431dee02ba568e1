import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type DefaultTheme, defineConfig } from 'vitepress'
import { sections } from '../navigation.ts'
import { docs, repositoryUrl, root } from '../pages.ts'
import { slugOf } from '../slug.ts'

const { description } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  description: string
}

const ICON =
  "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'><path d='M3 4h4v3h5M7 7v5h5' fill='none' stroke='%231d4ed8' stroke-width='2'/></svg>"

const linkTo = (page: string) => `/${page.replace(/\.md$/, '')}`
const titleOf = (page: string) => /^# (.*)$/m.exec(readFileSync(join(docs, page), 'utf8'))?.[1] ?? page

/** A module, as TypeDoc numbers kinds. */
const MODULE = 2

interface ApiPage {
  readonly title: string
  readonly kind?: number
  readonly path?: string
  readonly children?: readonly ApiPage[]
}

/** What TypeDoc wrote beside the pages of the API: a sidebar for each entry of the package, since together they are long. */
function apiSidebars(): DefaultTheme.SidebarMulti {
  const file = join(root, '.site/api-navigation.json')
  if (!existsSync(file)) return {}
  const itemOf = ({ title, path, children }: ApiPage): DefaultTheme.SidebarItem => ({
    text: title,
    ...(path === undefined ? {} : { link: `/api/${path.replace(/\.md$/, '')}` }),
    ...(children === undefined ? {} : { items: children.map(itemOf) }),
  })
  const [main] = JSON.parse(readFileSync(file, 'utf8')) as [ApiPage]
  const inMain = main.children ?? []
  // The entry `flowcraft-aws/local` stands in what `flowcraft-aws` has.
  const entries = [
    { ...main, children: inMain.filter(({ kind }) => kind !== MODULE) },
    ...inMain
      .filter(({ kind }) => kind === MODULE)
      .map((entry) => ({ ...entry, title: `${main.title}/${entry.title}` })),
  ]
  const others = entries.map(({ title, path }) => itemOf({ title, path }))
  return Object.fromEntries([
    ['/api/', others],
    ...entries.map(({ title, children = [] }) => [
      `/api/${title}/`,
      [{ text: 'Entries', items: others }, ...children.map(itemOf)],
    ]),
  ]) as DefaultTheme.SidebarMulti
}

export default defineConfig({
  title: 'flowcraft-aws',
  description,
  lang: 'en-GB',
  srcDir: '../.site/pages',
  outDir: '../.site/dist',
  cacheDir: '../.site/cache',
  cleanUrls: true,
  // The navigation in a file of its own, and not in each of the pages.
  metaChunk: true,
  // Anchors as GitHub makes them, where the same pages are read.
  markdown: {
    anchor: { slugify: slugOf },
    theme: { light: 'github-light-high-contrast', dark: 'github-dark-high-contrast' },
  },
  head: [['link', { rel: 'icon', href: ICON }]],
  // The first page of the default theme has no landmark for what is in it.
  transformHtml: (html) => html.replace(/<div class="VPHome"/, '<div role="main" class="VPHome"'),
  vite: {
    publicDir: join(root, '.site/public'),
    build: { chunkSizeWarningLimit: 20_000 },
  },
  themeConfig: {
    search: { provider: 'local' },
    outline: [2, 3],
    nav: [
      ...sections.map(({ title, pages, leadsTo }) => ({
        text: title,
        link: linkTo(leadsTo ?? (pages[0] as string)),
        activeMatch: `^/(${pages.map((page) => page.replace(/\.md$/, '')).join('|')})$`,
      })),
      { text: 'API', link: '/api/', activeMatch: '^/api/' },
    ],
    sidebar: {
      ...apiSidebars(),
      '/': sections.map(({ title, pages }) => ({
        text: title,
        items: pages.map((page) => ({ text: titleOf(page), link: linkTo(page) })),
      })),
    },
    socialLinks: [{ icon: 'github', link: repositoryUrl }],
    editLink: { pattern: `${repositoryUrl}/edit/main/docs/:path`, text: 'Edit this page' },
    footer: { message: 'MIT licensed.' },
  },
})

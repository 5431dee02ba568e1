/** What the docs and all else link: files that the package ships, and no package index, which differs from place to place. */
import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { dirname, join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { pageForSite, pagesOf } from '../../site/pages.ts'
import { anchorsOf, slugOf, withoutCode } from '../../site/slug.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const FOLDERS = [
  '.github',
  'bin',
  'docs',
  'examples',
  'lambdas',
  'lib',
  'scripts',
  'site',
  'templates',
  'test',
]
const FILES = [
  'README.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  'CODE_OF_CONDUCT.md',
  'SECURITY.md',
  'package.json',
  '.npmrc',
]
/** Hosts of package indexes, and of their mirrors. */
const INDEX =
  /https?:\/\/[\w.-]*(pypi|pythonhosted|npmjs|npm\.pkg\.github|registry\.|artifactory|crates\.io|proxy\.golang)/i

async function textFiles(): Promise<string[]> {
  const inside = await Promise.all(
    FOLDERS.map(async (folder) => {
      const entries = await readdir(root + folder, { recursive: true, withFileTypes: true })
      return entries
        .filter(({ parentPath }) => !parentPath.split(sep).includes('node_modules'))
        .filter((entry) => entry.isFile() && /\.(md|[cm]?[jt]s|json|txt|toml|ya?ml)$/.test(entry.name))
        .map((entry) => `${entry.parentPath}/${entry.name}`)
    }),
  )
  return [...FILES.map((file) => root + file), ...inside.flat()]
}

it('no file links a package index by its host', async () => {
  const files = (await textFiles()).filter((file) => file !== fileURLToPath(import.meta.url))
  expect(files.length).toBeGreaterThan(300)
  const found = await Promise.all(
    files.map(async (file) => {
      const lines = (await readFile(file, 'utf8')).split('\n')
      return lines.filter((line) => INDEX.test(line)).map((line) => `${file.slice(root.length)}: ${line}`)
    }),
  )
  expect(found.flat()).toEqual([])
})

it('each page that the package ships links files that it ships', async () => {
  const { files } = JSON.parse(await readFile(`${root}package.json`, 'utf8')) as { files: string[] }
  // npm ships these whatever `files` says.
  const shipped = [...files, 'README.md', 'LICENSE', 'package.json'].map((name) => root + name)
  const isShipped = (path: string) =>
    existsSync(path) && shipped.some((own) => path === own || path.startsWith(own + sep))
  const docs = pagesOf(`${root}docs`).map((name) => `docs/${name}`)
  const pages = ['README.md', ...files, ...docs].filter((name) => name.endsWith('.md'))
  const found = await Promise.all(
    pages.map(async (page) => {
      const links = (await readFile(root + page, 'utf8')).matchAll(/\]\((?!https?:|#)([^)\s#]+)/g)
      return [...links].map(([, link]) => ({ page, link: link as string }))
    }),
  )
  expect(found.flat().length).toBeGreaterThan(100)
  expect(found.flat().filter(({ page, link }) => !isShipped(join(root, dirname(page), link)))).toEqual([])
})

it('each link to a heading, in a page or from another one, leads to one', async () => {
  const pages = [
    ...FILES.filter((name) => name.endsWith('.md')),
    ...pagesOf(`${root}docs`).map((name) => `docs/${name}`),
  ]
  const texts = new Map(
    await Promise.all(pages.map(async (page) => [page, await readFile(root + page, 'utf8')] as const)),
  )
  const links = [...texts].flatMap(([page, text]) =>
    [...withoutCode(text).matchAll(/\]\((?!https?:)([^)\s#]*)#([^)\s]+)\)/g)].map(([, file, anchor]) => ({
      page,
      target: file ? relative(root, join(root, dirname(page), file)).replaceAll(sep, '/') : page,
      anchor: anchor as string,
    })),
  )
  expect(links.length).toBeGreaterThan(30)
  expect(links.filter(({ target, anchor }) => !anchorsOf(texts.get(target) ?? '').has(anchor))).toEqual([])
})

it('a heading has the anchor that GitHub gives it', () => {
  expect(slugOf('Limits, and what differs from in memory')).toBe('limits-and-what-differs-from-in-memory')
  expect(slugOf('RUN_CONFLICT')).toBe('run_conflict')
  expect([...anchorsOf('# `a` [b](c.md)!\n\n```ts\n# no heading\n```\n\n## a b\n')]).toEqual(['a-b', 'a-b-1'])
})

it('the site links the repository where a page links a file that is no page, and refuses one that is not there', () => {
  expect(pageForSite('a.md', '[s](../SECURITY.md#x) [b](b.md)\n\n```ts\n[c](../no.md)\n```\n')).toMatch(
    /^\[s\]\(https:\/\/\S+\/blob\/main\/SECURITY\.md#x\) \[b\]\(b\.md\)\n\n```ts\n\[c\]\(\.\.\/no\.md\)\n```\n$/,
  )
  expect(() => pageForSite('a.md', '[s](../NOT-THERE.md)')).toThrow(
    'docs/a.md links files that are not there: ../NOT-THERE.md',
  )
})

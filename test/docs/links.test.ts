/** What the docs and all else link: files that the package ships, and no package index, which differs from place to place. */
import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { dirname, join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const root = fileURLToPath(new URL('../../', import.meta.url))
const FOLDERS = ['.github', 'bin', 'docs', 'examples', 'lambdas', 'lib', 'scripts', 'templates', 'test']
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
  const docs = (await readdir(`${root}docs`)).map((name) => `docs/${name}`)
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

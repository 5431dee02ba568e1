/** llms.txt is the one that `npm run llms -- --write` would write, and leads to every page, from the root and from docs/. */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { filesOf } from '../../scripts/llms/pages.ts'
import { pagesOf } from '../../site/pages.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))

describe.each(filesOf(root))('$file', ({ file, text }) => {
  const links = [...text.matchAll(/^- \[[^\]]+\]\(([^)]+)\): (.+)$/gm)].map(([, path, note]) => ({
    path,
    note,
  }))
  const targets = links.map(({ path }) => join(root, dirname(file), path as string))

  it('is up to date', () => {
    expect(readFileSync(join(root, file), 'utf8')).toBe(text)
  })

  it('has each page of the docs once, and says of each what it is about', () => {
    const listed = targets.filter((path) => path.startsWith(join(root, 'docs') + sep))
    expect(listed.toSorted()).toEqual(
      pagesOf(join(root, 'docs'))
        .map((name) => join(root, 'docs', name))
        .toSorted(),
    )
    for (const { note } of links) expect(note).toMatch(/^[^[\]]{5,400}\.$/)
  })

  it('leads to files that the package ships', () => {
    const { files } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { files: string[] }
    // npm ships a README whatever `files` says.
    const shipped = [...files, 'README.md'].map((name) => join(root, name))
    expect(targets.filter((path) => !existsSync(path))).toEqual([])
    expect(
      targets.filter((path) => !shipped.some((own) => path === own || path.startsWith(own + sep))),
    ).toEqual([])
  })
})

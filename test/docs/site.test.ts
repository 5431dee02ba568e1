/** What checks the built site. The site itself is built and checked by `npm run docs:build`. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { deadLinks } from '../../site/links.ts'

let dist: string

function siteOf(files: Record<string, string>): string {
  dist = mkdtempSync(join(tmpdir(), 'flowcraft-site-'))
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(dist, file)), { recursive: true })
    writeFileSync(join(dist, file), text)
  }
  return dist
}

afterEach(() => rmSync(dist, { recursive: true }))

it('finds links to pages, files and anchors that are not there', () => {
  const folder = siteOf({
    'index.html':
      '<a href="/a">a</a> <a href="/b">b</a> <img src="/no.png"> <a href="https://example.com/x">x</a>',
    'a.html': '<h1 id="top">A</h1> <a href="#top">1</a> <a href="#middle">2</a> <a href="./c/d#in">3</a>',
    'c/d.html': '<h2 id="in">D</h2> <a href="../a#top">4</a> <a href="../a#bottom">5</a> <a href="/">6</a>',
  })

  expect(
    deadLinks(folder)
      .map(({ page, link }) => `${page} ${link}`)
      .toSorted(),
  ).toEqual(['/a.html #middle', '/c/d.html ../a#bottom', '/index.html /b', '/index.html /no.png'])
})

it('finds nothing where all links lead somewhere', () => {
  expect(
    deadLinks(siteOf({ 'index.html': '<a href="/a/">a</a>', 'a/index.html': '<a href="/">up</a>' })),
  ).toEqual([])
})

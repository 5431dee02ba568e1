import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import {
  type Candidate,
  problemsOf,
  releasedChangelog,
  tagProblemsOf,
  withVersion,
} from '../../scripts/release/rules.ts'

const read = (file: string) => readFile(new URL(`../../${file}`, import.meta.url), 'utf8')

const CHANGELOG = `# Changelog

## Unreleased

### Added

- A thing.

## 0.1.0 - 2026-01-02

### Added

- The first thing.
`

const manifest = {
  name: 'flowcraft-aws',
  version: '0.1.0',
  homepage: 'https://example.com',
  bugs: { url: 'https://example.com/issues' },
  repository: { url: 'git+https://example.com/it.git' },
}

const ready: Candidate = {
  version: '0.2.0',
  manifests: [manifest, { ...manifest, name: 'create-flowcraft-aws' }],
  changelog: CHANGELOG,
  placeholders: [],
  branch: 'main',
  changes: [],
  tags: ['v0.1.0'],
}

const refused = (but: Partial<Candidate>) => problemsOf({ ...ready, ...but })

describe('a release', () => {
  it('is made of a clean main with something to tell', () => {
    expect(problemsOf(ready)).toEqual([])
    expect(refused({ version: '1.0.0-rc.1' })).toEqual([])
  })

  it('is made of the version that package.json has, where it is the first', () => {
    const changelog = CHANGELOG.replace(/## 0\.1\.0[\s\S]*/, '')
    expect(refused({ version: '0.1.0', changelog, tags: [] })).toEqual([])
  })

  it.each([
    ['no version', { version: 'v0.2' }, "'v0.2' is no version: 1.2.3, or 1.2.3-rc.1"],
    ['a v in front', { version: 'v0.2.0' }, "'v0.2.0' is no version: 1.2.3, or 1.2.3-rc.1"],
    ['a tag that is there', { tags: ['v0.2.0'] }, 'there is a tag v0.2.0'],
    ['another branch', { branch: 'mine' }, 'a release is made on main, and this is mine'],
    ['changes', { changes: ['a.ts', 'b.ts'] }, 'the work tree is not clean: a.ts, b.ts'],
    [
      'a placeholder',
      { placeholders: ['package.json:16: OWNER'] },
      'OWNER is to be replaced by who the repository belongs to: package.json:16: OWNER',
    ],
    [
      'no heading',
      { changelog: CHANGELOG.replace('## Unreleased', '## Next') },
      "CHANGELOG.md has no heading '## Unreleased'",
    ],
    [
      'nothing to tell',
      { changelog: CHANGELOG.replace(/- A thing\./, '') },
      "CHANGELOG.md lists nothing under 'Unreleased'",
    ],
    [
      'something pending',
      { changelog: CHANGELOG.replace('- A thing', '- Pending: a thing') },
      "CHANGELOG.md says 'Pending' under 'Unreleased'",
    ],
    [
      'a heading that says so',
      { changelog: CHANGELOG.replace('## 0.1.0', '## Pending\n\n## 0.1.0') },
      "CHANGELOG.md says 'Pending' under 'Pending'",
    ],
    [
      'no address for bugs',
      { manifests: [{ ...manifest, bugs: {} }] },
      'the package.json of flowcraft-aws has no bugs.url',
    ],
  ])('is refused for %s', (_, but, problem) => {
    expect(refused(but)).toEqual([problem])
  })

  it('is refused for an older version in both packages, and for one that the changelog has', () => {
    expect(refused({ version: '0.0.9' })).toEqual([
      '0.0.9 is older than the 0.1.0 of flowcraft-aws',
      '0.0.9 is older than the 0.1.0 of create-flowcraft-aws',
    ])
    expect(refused({ version: '0.1.0', tags: [] })).toEqual(['CHANGELOG.md has a heading for 0.1.0'])
  })

  it('is told all that is wrong at once', () => {
    expect(refused({ branch: 'mine', changes: ['a.ts'], version: '1' })).toHaveLength(3)
  })

  it('makes of what is unreleased a version, and leaves room for the next', () => {
    const written = releasedChangelog(CHANGELOG, '0.2.0', '2026-11-27')
    expect(written).toContain('## Unreleased\n\n## 0.2.0 - 2026-11-27\n\n### Added\n\n- A thing.')
    expect(problemsOf({ ...ready, version: '0.3.0', changelog: written })).toEqual([
      "CHANGELOG.md lists nothing under 'Unreleased'",
    ])
  })
})

describe('what a tag names', () => {
  const changelog = releasedChangelog(CHANGELOG, '0.2.0', '2026-11-27')
  const manifests = ready.manifests.map((own) => ({ ...own, version: '0.2.0' }))

  it('is published as a release made it', () => {
    expect(tagProblemsOf({ version: '0.2.0', manifests, changelog, placeholders: [] })).toEqual([])
  })

  it('is refused where no release was made', () => {
    expect(tagProblemsOf({ ...ready, manifests: [manifest] })).toEqual([
      'flowcraft-aws has version 0.1.0, and the tag is v0.2.0',
      'CHANGELOG.md has no heading for 0.2.0',
    ])
    expect(tagProblemsOf({ version: '0.2.0', manifests, changelog, placeholders: ['a'] })).toHaveLength(1)
  })
})

describe('the files of this repository', () => {
  it('get a version, and are otherwise as they were', async () => {
    for (const file of ['package.json', 'packages/create-flowcraft-aws/package.json', 'package-lock.json']) {
      const text = await read(file)
      const lines = text.split('\n')
      const changed = withVersion(text, '9.8.7')
        .split('\n')
        .filter((line, at) => line !== lines[at])
      expect(changed.length, file).toBe(file === 'package.json' ? 1 : 2)
      expect(changed.every((line) => line.includes('9.8.7'))).toBe(true)
    }
  })

  it('have a changelog in the shape that a release asks for', async () => {
    const changelog = await read('CHANGELOG.md')
    const empty = "CHANGELOG.md lists nothing under 'Unreleased'"
    expect(refused({ changelog, version: '9.8.7' }).filter((problem) => problem !== empty)).toEqual([])
    const unreleased = changelog.split(/^## /m)[1] as string
    const headings = [...unreleased.matchAll(/^### (.*)$/gm)].map(([, heading]) => heading)
    const known = ['Added', 'Changed', 'Deprecated', 'Removed', 'Fixed', 'Security']
    expect(headings).toEqual(known.filter((heading) => headings.includes(heading)))
  })
})

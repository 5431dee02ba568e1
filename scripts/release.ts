/**
 * `npm run release -- 1.2.3`: makes a version, or says all that stands in its way. Writes version and changelog, commits and
 * publishes nothing: it prints the commands that do. `--tagged v1.2.3` is what .github/workflows/publish.yml asks first.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { type Manifest, problemsOf, releasedChangelog, tagProblemsOf, withVersion } from './release/rules.ts'

const root = fileURLToPath(new URL('../', import.meta.url))
const CHANGELOG = 'CHANGELOG.md'
const MANIFESTS = ['package.json', 'packages/create-flowcraft-aws/package.json']
/** Where a name of the repository's owner may stand. */
const WITH_OWNER = ['*.md', '*.json', '*.yml']

const read = (file: string) => readFileSync(root + file, 'utf8')
const linesOf = (text: string) => text.split('\n').filter((line) => line !== '')
const git = (...args: string[]) => linesOf(execFileSync('git', args, { cwd: root, encoding: 'utf8' }))

function placeholders(): string[] {
  const { status, stdout, stderr } = spawnSync('git', ['grep', '-nwF', 'OWNER', '--', ...WITH_OWNER], {
    cwd: root,
    encoding: 'utf8',
  })
  // 1 is that nothing was found.
  if (status !== 0 && status !== 1) throw new Error(`git grep failed: ${stderr}`)
  return linesOf(stdout)
}

function refuse(problems: readonly string[]): void {
  if (problems.length === 0) return
  console.error(['Not released:', ...problems.map((problem) => `- ${problem}`)].join('\n'))
  process.exit(1)
}

const stateOf = (version: string) => ({
  version,
  manifests: MANIFESTS.map((file) => JSON.parse(read(file)) as Manifest),
  changelog: read(CHANGELOG),
  placeholders: placeholders(),
})

function release(version: string): void {
  const state = stateOf(version)
  refuse(
    problemsOf({
      ...state,
      branch: git('branch', '--show-current')[0] ?? 'no branch',
      changes: git('status', '--porcelain').map((line) => line.slice(3)),
      tags: git('tag', '--list'),
    }),
  )
  for (const file of [...MANIFESTS, 'package-lock.json'])
    writeFileSync(root + file, withVersion(read(file), version))
  const today = new Date().toISOString().slice(0, 10)
  writeFileSync(root + CHANGELOG, releasedChangelog(state.changelog, version, today))
  console.log(`${version} is written. Look at it (git diff), then

  git commit --all --message 'Version ${version}'
  git tag --annotate v${version} --message 'Version ${version}'
  git push origin main v${version}

The tag starts .github/workflows/publish.yml, which publishes both packages by \`npm publish --provenance\`.`)
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { tagged: { type: 'string' } },
})
const [version] = positionals
if (values.tagged) refuse(tagProblemsOf(stateOf(values.tagged.replace(/^v/, ''))))
else if (version && positionals.length === 1) release(version)
else refuse(['which version? npm run release -- 1.2.3'])

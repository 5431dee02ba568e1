/** What a release must fulfil, and what it writes. Pure: `npm run release` (scripts/release.ts) reads, asks git and writes. */
import semver from 'semver'

/** Of a package.json, what a release looks at. */
export interface Manifest {
  readonly name: string
  readonly version: string
  readonly homepage?: string
  readonly bugs?: { readonly url?: string }
  readonly repository?: { readonly url?: string }
}

/** What is asked of a version when it is made, and again when its tag is published. */
interface Release {
  readonly version: string
  /** The package, and `create-flowcraft-aws`. */
  readonly manifests: readonly Manifest[]
  readonly changelog: string
  /** Lines (`file:line:text`) that still say OWNER in place of who the repository belongs to. */
  readonly placeholders: readonly string[]
}

/** What stands in a work tree of which a release is to be made. */
export interface Candidate extends Release {
  readonly branch: string
  /** What git says is changed or new, a file each. */
  readonly changes: readonly string[]
  readonly tags: readonly string[]
}

const UNRELEASED = 'Unreleased'

interface Section {
  readonly title: string
  readonly text: string
}

/** What stands under each heading of the second level. */
function sectionsOf(changelog: string): Section[] {
  return changelog
    .split(/^## /m)
    .slice(1)
    .map((part) => {
      const [title = '', ...lines] = part.split('\n')
      return { title: title.trim(), text: lines.join('\n').trim() }
    })
}

function isOf(version: string): (section: Section) => boolean {
  return ({ title }) => title.split(' ')[0] === version
}

/** npm shows these; and it compares the repository to that of the workflow which publishes, for the provenance. */
function metadataProblems({ name, homepage, bugs, repository }: Manifest): string[] {
  const asked = { homepage, 'bugs.url': bugs?.url, 'repository.url': repository?.url }
  return Object.entries(asked)
    .filter(([, value]) => !value)
    .map(([field]) => `the package.json of ${name} has no ${field}`)
}

function commonProblems({ manifests, changelog, placeholders }: Release): string[] {
  const pending = sectionsOf(changelog).filter(({ title, text }) => /\bPending\b/.test(`${title}\n${text}`))
  return [
    ...manifests.flatMap(metadataProblems),
    ...placeholders.map((line) => `OWNER is to be replaced by who the repository belongs to: ${line}`),
    ...pending.map(({ title }) => `CHANGELOG.md says 'Pending' under '${title}'`),
  ]
}

function versionProblems({ version, manifests, changelog, tags }: Candidate): string[] {
  if (semver.valid(version) !== version) return [`'${version}' is no version: 1.2.3, or 1.2.3-rc.1`]
  const problems = manifests
    .filter((manifest) => semver.lt(version, manifest.version))
    .map(({ name, version: current }) => `${version} is older than the ${current} of ${name}`)
  if (sectionsOf(changelog).some(isOf(version))) problems.push(`CHANGELOG.md has a heading for ${version}`)
  if (tags.includes(`v${version}`)) problems.push(`there is a tag v${version}`)
  return problems
}

function unreleasedProblems(changelog: string): string[] {
  const unreleased = sectionsOf(changelog).find(({ title }) => title === UNRELEASED)
  if (!unreleased) return [`CHANGELOG.md has no heading '## ${UNRELEASED}'`]
  return /^- \S/m.test(unreleased.text) ? [] : [`CHANGELOG.md lists nothing under '${UNRELEASED}'`]
}

/** Why no release can be made of this; all reasons at once. */
export function problemsOf(candidate: Candidate): string[] {
  const { branch, changes, changelog } = candidate
  const problems = [
    ...versionProblems(candidate),
    ...unreleasedProblems(changelog),
    ...commonProblems(candidate),
  ]
  if (branch !== 'main') problems.push(`a release is made on main, and this is ${branch}`)
  if (changes.length > 0) problems.push(`the work tree is not clean: ${changes.join(', ')}`)
  return problems
}

/** Why what a tag names must not be published: it was not made by `npm run release`, or was changed since. */
export function tagProblemsOf(release: Release): string[] {
  const { version, manifests, changelog } = release
  const problems = manifests
    .filter((manifest) => manifest.version !== version)
    .map(({ name, version: other }) => `${name} has version ${other}, and the tag is v${version}`)
  if (!sectionsOf(changelog).some(isOf(version))) problems.push(`CHANGELOG.md has no heading for ${version}`)
  return [...problems, ...commonProblems(release)]
}

/** The changelog, in which what was unreleased is that of `version`; `date` is a day, `2026-11-27`. */
export function releasedChangelog(changelog: string, version: string, date: string): string {
  return changelog.replace(/^## Unreleased *$/m, `## ${UNRELEASED}\n\n## ${version} - ${date}`)
}

interface Versioned {
  version: string
  dependencies?: Record<string, string>
  /** Of a lock file; '' is the package itself. */
  packages?: Record<string, { version?: string }>
}

/** A package.json or package-lock.json of this version, also where it depends on the package. */
export function withVersion(text: string, version: string): string {
  const json = JSON.parse(text) as Versioned
  json.version = version
  if (json.dependencies?.['flowcraft-aws']) json.dependencies['flowcraft-aws'] = version
  const own = json.packages?.['']
  if (own) own.version = version
  return `${JSON.stringify(json, null, 2)}\n`
}

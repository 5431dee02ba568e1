/**
 * An audit of the packages installed in a `node_modules` folder.
 *
 *     list ──▶ scan ──▶ licences ───┐             ┌▶ approve ─┐
 *              ▲  │ ──▶ sizes ──────┤             │           ├▶ report
 *              └──┘ ──▶ duplicates ─┼──▶ verdict ─┴▶ review ──┘
 *              more ──▶ scripts ────┤
 *                   ──▶ advisories ─┘
 *
 * Every node is a function of its `input`, which the `inputs` map beside it puts together from the initial
 * context and from the outputs of other nodes. So each may run in a process of its own, and may run twice.
 */
import { createFlow, type IAsyncContext } from 'flowcraft'
import { declaredLicence, isAllowed, recogniseLicence } from './licences.ts'
import {
  bytesOf,
  installScripts,
  listPackages,
  readAdvisories,
  readLicenceText,
  readManifest,
} from './sources.ts'

/** What a run starts from. */
export interface AuditInput {
  /** The folder that contains `node_modules`. */
  root: string
  /** What differs from the default policy. */
  policy?: Partial<Policy>
}

export interface Policy {
  /** SPDX identifiers of the licences that need no second look. */
  allow: string[]
  /** The most that all packages together may take on disk, in millions of bytes. */
  maxTotalMb: number
}

/** What a run ends with: the output of `report`. */
export interface AuditReport {
  packages: number
  totalMb: number
  /** How many packages are under each licence. */
  licences: Record<string, number>
  unknownLicences: string[]
  duplicates: { name: string; versions: string[] }[]
  installScripts: { package: string; runs: string[] }[]
  compromised: string[]
  /** The five largest packages. */
  largest: { package: string; mb: number }[]
  verdict: 'approved' | 'needs review'
  reasons: string[]
  markdown: string
}

/** Common permissive licences, and what fits in an unzipped Lambda function. */
const DEFAULT_POLICY: Policy = {
  allow: [
    '0BSD',
    'Apache-2.0',
    'BlueOak-1.0.0',
    'BSD-2-Clause',
    'BSD-3-Clause',
    'CC0-1.0',
    'ISC',
    'MIT',
    'MIT-0',
    'Python-2.0',
    'Unlicense',
  ],
  maxTotalMb: 250,
}

/** How many packages one round of `scan` reads, and how many are read at a time elsewhere. */
const PAGE = 25

interface Package {
  dir: string
  name: string
  version: string
}

/** What a node is called with, as far as these nodes look at it. */
interface Call<Input> {
  input?: Input
  context: IAsyncContext
}
type OnPackages = Call<{ root: string; packages: Package[] }>

/** What a node resolves to, without flowcraft's `{ output }` around it. */
type Output<Node extends (call: never) => Promise<{ output: unknown }>> = Awaited<ReturnType<Node>>['output']

/** Finds the folders of all installed packages. */
async function list({ input: root = '.' }: Call<string>) {
  const dirs = await listPackages(root)
  if (dirs.length === 0) throw new Error(`No packages are installed in ${root}/node_modules`)
  return { output: { count: dirs.length, dirs } }
}

/** Reads the next page of manifests, and comes round again until there is no next page. */
async function scan({ input }: Call<{ root: string; list: Output<typeof list>; soFar?: Package[] }>) {
  const { root, list, soFar } = input!
  const done = soFar ?? []
  const page = list.dirs.slice(done.length, done.length + PAGE)
  const packages = await Promise.all(
    page.map(async (dir) => {
      const { name, version } = await readManifest(root, dir)
      return {
        dir,
        name: typeof name === 'string' ? name : dir.slice(dir.lastIndexOf('node_modules/') + 13),
        version: typeof version === 'string' ? version : 'unknown',
      }
    }),
  )
  const output: Package[] = [...done, ...packages]
  return { output, action: output.length < list.count ? 'more' : 'done' }
}

/** Which packages are under which licence. */
async function licences({ input }: OnPackages) {
  const { root, packages } = input!
  const found = await inPages(packages, async ({ dir }) => {
    const { expression, file } = declaredLicence(await readManifest(root, dir))
    return expression ?? recogniseLicence((await readLicenceText(root, dir, file)) ?? '')
  })
  const under = (licence?: string) => packages.filter((_, at) => found[at] === licence).map(idOf)
  const names = [...new Set(found)].filter((licence) => licence !== undefined)
  const known = Object.fromEntries(names.map((licence) => [licence, under(licence)]))
  return { output: { known, unknown: under(undefined) } }
}

/** How much room the packages take, together and the largest five. */
async function sizes({ input }: OnPackages) {
  const { root, packages } = input!
  const sized = await inPages(packages, async (found) => ({
    package: idOf(found),
    bytes: await bytesOf(root, found.dir),
  }))
  const totalMb = megabytes(sized.reduce((sum, { bytes }) => sum + bytes, 0))
  const largest = sized
    .toSorted((a, b) => b.bytes - a.bytes)
    .slice(0, 5)
    .map(({ package: id, bytes }) => ({ package: id, mb: megabytes(bytes) }))
  return { output: { totalMb, largest } }
}

/** Packages that are installed in more than one version. */
async function duplicates({ input }: OnPackages) {
  const versions = new Map<string, Set<string>>()
  for (const { name, version } of input!.packages) {
    versions.set(name, (versions.get(name) ?? new Set()).add(version))
  }
  const output = [...versions.keys()]
    .toSorted()
    .map((name) => ({ name, versions: [...versions.get(name)!].toSorted(byVersion) }))
    .filter(({ versions }) => versions.length > 1)
  return { output }
}

/** Packages that run a script of their own when they are installed. */
async function scripts({ input }: OnPackages) {
  const { root, packages } = input!
  const found = await inPages(packages, async (found) => ({
    package: idOf(found),
    runs: await installScripts(root, found.dir),
  }))
  return { output: found.filter(({ runs }) => runs.length > 0) }
}

/**
 * Packages whose very version is known to be malicious. The feed may fail; the node is tried three times.
 * The attempts are counted in the context, because it outlives an attempt, in whatever process that was.
 */
async function advisories({ input, context }: OnPackages) {
  const attempt = ((await context.get('advisoryAttempts')) ?? 0) + 1
  await context.set('advisoryAttempts', attempt)
  const compromised = await readAdvisories(attempt)
  return { output: input!.packages.map(idOf).filter((id) => compromised.includes(id)) }
}

interface Findings {
  policy?: Partial<Policy>
  licences: Output<typeof licences>
  sizes: Output<typeof sizes>
  advisories: Output<typeof advisories>
}

/** Holds the findings against the policy, and takes one of two ways. What else was found is for the report. */
async function verdict({ input }: Call<Findings>) {
  const { policy, licences, sizes, advisories } = input!
  const { allow, maxTotalMb } = { ...DEFAULT_POLICY, ...policy }
  const reasons: string[] = []
  for (const id of advisories) reasons.push(`${id} is known to be malicious`)
  for (const [licence, ids] of sorted(licences.known)) {
    if (!isAllowed(licence, allow)) reasons.push(`${licence} is not allowed: ${ids.join(', ')}`)
  }
  if (licences.unknown.length > 0) reasons.push(`the licence is unknown: ${licences.unknown.join(', ')}`)
  if (sizes.totalMb > maxTotalMb) reasons.push(`${sizes.totalMb} MB is more than ${maxTotalMb} MB`)
  return { output: reasons, action: reasons.length === 0 ? 'approve' : 'review' }
}

interface Decision {
  verdict: AuditReport['verdict']
  summary: string
}

async function approve(): Promise<{ output: Decision }> {
  return { output: { verdict: 'approved', summary: 'Everything is within the policy.' } }
}

async function review({ input: reasons = [] }: Call<string[]>): Promise<{ output: Decision }> {
  const things = reasons.length === 1 ? 'One thing' : `${reasons.length} things`
  return { output: { verdict: 'needs review', summary: `${things} for a person to look at.` } }
}

interface Everything extends Findings {
  packages: Package[]
  duplicates: Output<typeof duplicates>
  scripts: Output<typeof scripts>
  reasons: string[]
  /** Of these two, the one whose node ran. */
  approved?: Decision
  reviewed?: Decision
}

/** Puts everything together. */
async function report({ input }: Call<Everything>): Promise<{ output: AuditReport }> {
  const { packages, licences, sizes, duplicates, scripts, advisories, reasons, approved, reviewed } = input!
  const { verdict, summary } = (approved ?? reviewed)!
  const counts = sorted(licences.known).map(([licence, ids]) => [licence, ids.length] as const)
  const markdown = [
    `# Dependency audit: ${verdict}`,
    '',
    `${packages.length} packages, ${sizes.totalMb} MB. ${summary}`,
    ...section('To review', reasons),
    ...section(
      'Licences',
      counts.toSorted((a, b) => b[1] - a[1]).map(([licence, count]) => `${licence}: ${count}`),
    ),
    ...section(
      'Largest packages',
      sizes.largest.map(({ package: id, mb }) => `${id}: ${mb} MB`),
    ),
    ...section(
      'More than one version',
      duplicates.map(({ name, versions }) => `${name}: ${versions.join(', ')}`),
    ),
    ...section(
      'Install scripts',
      scripts.map(({ package: id, runs }) => `${id}: \`${runs.join('`, `')}\``),
    ),
    '',
  ].join('\n')
  return {
    output: {
      packages: packages.length,
      totalMb: sizes.totalMb,
      licences: Object.fromEntries(counts),
      unknownLicences: licences.unknown,
      duplicates,
      installScripts: scripts,
      compromised: advisories,
      largest: sizes.largest,
      verdict,
      reasons,
      markdown,
    },
  }
}

function section(title: string, lines: string[]): string[] {
  return lines.length === 0 ? [] : ['', `## ${title}`, '', ...lines.map((line) => `- ${line}`)]
}

/** Does the same with every package, a page of them at a time: no more files are open than that. */
async function inPages<Result>(packages: Package[], work: (found: Package) => Promise<Result>) {
  const results: Result[] = []
  for (let at = 0; at < packages.length; at += PAGE) {
    results.push(...(await Promise.all(packages.slice(at, at + PAGE).map(work))))
  }
  return results
}

function idOf({ name, version }: Package): string {
  return `${name}@${version}`
}

function megabytes(bytes: number): number {
  return Math.round(bytes / 10_000) / 100
}

function byVersion(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true })
}

function sorted<Value>(record: Record<string, Value>): [string, Value][] {
  return Object.entries(record).toSorted(([a], [b]) => (a < b ? -1 : 1))
}

/** What the nodes after the loop read. */
const onPackages = { root: 'root', packages: 'scan' }

export const dependencyAudit = createFlow<AuditInput>('dependency-audit')
  .node('list', list, { inputs: 'root' })

  // A loop: a node with an edge to itself. Any one of its two edges is enough to start it.
  .node('scan', scan, {
    inputs: { root: 'root', list: 'list', soFar: 'scan' },
    config: { joinStrategy: 'any' },
  })
  .edge('list', 'scan')
  .edge('scan', 'scan', { action: 'more' })

  // Fan out: five nodes that run at the same time.
  .node('licences', licences, { inputs: onPackages })
  .node('sizes', sizes, { inputs: onPackages })
  .node('duplicates', duplicates, { inputs: onPackages })
  .node('scripts', scripts, { inputs: onPackages })
  .node('advisories', advisories, { inputs: onPackages, config: { maxRetries: 3 } })
  .edge('scan', 'licences', { action: 'done' })
  .edge('scan', 'sizes', { action: 'done' })
  .edge('scan', 'duplicates', { action: 'done' })
  .edge('scan', 'scripts', { action: 'done' })
  .edge('scan', 'advisories', { action: 'done' })

  // Fan in: a node that waits for all of them.
  .node('verdict', verdict, {
    inputs: { policy: 'policy', licences: 'licences', sizes: 'sizes', advisories: 'advisories' },
    config: { joinStrategy: 'all' },
  })
  .edge('licences', 'verdict')
  .edge('sizes', 'verdict')
  .edge('duplicates', 'verdict')
  .edge('scripts', 'verdict')
  .edge('advisories', 'verdict')

  // A choice: the action decides which of the two runs. The other never does.
  .node('approve', approve)
  .node('review', review, { inputs: 'verdict' })
  .edge('verdict', 'approve', { action: 'approve' })
  .edge('verdict', 'review', { action: 'review' })

  // And back together, with whichever of them ran.
  .node('report', report, {
    inputs: {
      packages: 'scan',
      licences: 'licences',
      sizes: 'sizes',
      duplicates: 'duplicates',
      scripts: 'scripts',
      advisories: 'advisories',
      reasons: 'verdict',
      approved: 'approve',
      reviewed: 'review',
    },
    config: { joinStrategy: 'any' },
  })
  .edge('approve', 'report')
  .edge('review', 'report')

/** The flows of this project, for whoever runs them. */
export const flows = [dependencyAudit]

/** What `init` writes into a folder, decided before anything is written. */
import { join } from 'node:path'
import { entriesOf, isThere, manifestIn, refuseOthers, textOf } from './folder.ts'
import { type Added, completed, hasCdk, type Manifest, newManifest, testsByVitest } from './manifest.ts'
import { packageNameOf, stackIdOf } from './names.ts'
import { type PackageManager, packageManagerOf } from './package-manager.ts'
import { filesOf, sourceOf, type TemplateName } from './templates.ts'
import type { Change } from './write.ts'

export interface Plan {
  /** Whether the folder had a package.json. */
  readonly existing: boolean
  readonly name: string
  readonly stack: string
  readonly changes: readonly Change[]
  /** Files of the template that are there as it has them. */
  readonly unchanged: readonly string[]
  readonly leftAlone: readonly LeftAlone[]
  readonly added: Added
  /** What to add to the CDK app that is there; undefined where the template's is written. */
  readonly addToApp?: readonly string[]
  readonly manager: PackageManager
  /** What was in the folder. */
  readonly entries: readonly string[]
}

interface LeftAlone {
  readonly path: string
  readonly reason: string
}

const APP = ['cdk.json', 'src/app.ts']
const TEST = 'src/flows.test.ts'

const LINES = [
  "import { FlowcraftService } from 'flowcraft-aws/constructs'",
  '',
  "const flows = new FlowcraftService(this, 'Flows', { entry: 'src/worker.ts', startRunHandler: 'startRun' })",
]

/** @throws UsageError where the folder cannot become a project */
export async function planOf(
  directory: string,
  template: TemplateName,
  env: NodeJS.ProcessEnv,
): Promise<Plan> {
  const entries = await entriesOf(directory)
  const manager = packageManagerOf(entries, env)
  const existing = entries.includes('package.json')
  if (!existing) refuseOthers(directory, entries)
  const before = existing ? await manifestIn(directory) : undefined
  const name = before ? nameOf(before.manifest, directory) : packageNameOf(directory)
  const stack = stackIdOf(packageNameOf(name))
  const files = await filesOf(template, { name, stack })

  const hasApp = entries.includes('cdk.json') || (before !== undefined && hasCdk(before.manifest))
  const ownApp = !hasApp && !(await isThere(join(directory, 'src/app.ts')))
  const test = before === undefined || testsByVitest(before.manifest)
  const { manifest, added } = before
    ? completed(before.manifest, { app: ownApp, test, manager: manager.name })
    : { manifest: newManifest(name, manager.name), added: { dependencies: [], scripts: [] } }
  const wanted = [...files].filter(
    ([path]) =>
      (ownApp || !APP.includes(path)) && (test || path !== TEST) && !(existing && path === 'README.md'),
  )

  const sorted = await sort(directory, template, wanted)
  const { indent, text } = before ?? { indent: 2, text: undefined }
  const manifestText = `${JSON.stringify(manifest, undefined, indent)}\n`
  const hasMore = added.dependencies.length + added.scripts.length > 0
  return {
    ...sorted,
    existing,
    name,
    stack,
    added,
    leftAlone: [
      ...sorted.leftAlone,
      ...(test
        ? []
        : [
            {
              path: TEST,
              reason:
                'your tests are not those of vitest; node_modules/flowcraft-aws/docs/testing.md has those of Jest',
            },
          ]),
    ],
    // The last of them, since it says that the project is one.
    changes:
      existing && !hasMore
        ? sorted.changes
        : [...sorted.changes, { path: 'package.json', text: manifestText, before: text }],
    ...(ownApp ? {} : { addToApp: LINES }),
    manager,
    entries,
  }
}

/** Files that are there stay as they are; .gitignore gets the lines that it lacks. */
async function sort(
  directory: string,
  template: TemplateName,
  wanted: readonly (readonly [string, string])[],
) {
  const changes: Change[] = []
  const unchanged: string[] = []
  const leftAlone: LeftAlone[] = []
  for (const [path, text] of wanted) {
    const before = await textOf(join(directory, path))
    if (before === undefined) changes.push({ path, text })
    else if (before === text) unchanged.push(path)
    else if (path === '.gitignore') {
      const more = missingLines(before, text)
      if (more === '') unchanged.push(path)
      else changes.push({ path, before, text: before + more })
    } else {
      const compare = path.startsWith('src/') ? `; the template's is ${sourceOf(template, path)}` : ''
      leftAlone.push({ path, reason: `it is yours${compare}` })
    }
  }
  return { changes, unchanged, leftAlone }
}

const plain = (line: string) => line.trim().replaceAll(/^\/|\/$/g, '')

/** `/cdk.out/` says what `cdk.out` does. */
function missingLines(before: string, wanted: string): string {
  const has = new Set(before.split('\n').map(plain))
  const lines = wanted.split('\n').filter((line) => line !== '' && !has.has(plain(line)))
  if (lines.length === 0) return ''
  return `${before === '' || before.endsWith('\n') ? '' : '\n'}${lines.join('\n')}\n`
}

function nameOf(manifest: Manifest, directory: string): string {
  const { name } = manifest
  return typeof name === 'string' && name !== '' ? name : packageNameOf(directory)
}

/** package.json of a new project, and what one that is there lacks. */
import { rangeOf } from './own-package.ts'
import type { PackageManager } from './package-manager.ts'

export type Manifest = Readonly<Record<string, unknown>>

const DEPENDENCIES = ['@valibot/to-json-schema', 'flowcraft', 'flowcraft-aws', 'valibot']

/** For the template's own CDK app. */
const FOR_APP = ['aws-cdk-lib', 'constructs', 'tsx']
const FOR_TEST = ['vitest']
/** The CDK's command, bundling, types, and the servers that play AWS on this computer. */
const ALWAYS = ['@types/node', 'aws-cdk', 'dynalite', 'esbuild', 'fauxqs', 'typescript']

const SCRIPTS = {
  dev: 'flowcraft-aws dev',
  test: 'vitest run',
  typecheck: 'tsc --noEmit',
  synth: 'cdk synth --quiet',
  deploy: 'cdk deploy',
}
/** What `npm init` writes where there is no test. */
const NO_TEST = /^echo .*no test specified/

/** fauxqs takes two versions of it; the newer is for Node 22: with Node 20 npm warns on each install, and yarn installs nothing. */
const COOKIE = { cookie: '^1.0.2' }

/** Only npm knows overrides that are one package's. */
const OVERRIDES: Readonly<Record<PackageManager['name'], Manifest>> = {
  npm: { overrides: { fauxqs: COOKIE } },
  bun: { overrides: COOKIE },
  pnpm: { resolutions: COOKIE },
  yarn: { resolutions: COOKIE },
}

/** Neither needs its script: esbuild's saves a few milliseconds, and classic-level comes compiled. */
const ALLOW_SCRIPTS = { 'classic-level': false, esbuild: false }

export interface Added {
  readonly dependencies: readonly string[]
  readonly scripts: readonly string[]
}

export interface Parts {
  /** Whether the template's CDK app is written. */
  readonly app: boolean
  /** Whether its test is. */
  readonly test: boolean
  readonly manager: PackageManager['name']
}

/** Of a folder that has none. */
export function newManifest(name: string, manager: PackageManager['name']): Manifest {
  const { manifest } = completed({}, { app: true, test: true, manager })
  const { scripts, dependencies, devDependencies } = manifest
  return {
    name,
    version: '0.1.0',
    private: true,
    type: 'module',
    engines: { node: '>=20.19' },
    scripts,
    dependencies,
    devDependencies,
    ...OVERRIDES[manager],
    ...(manager === 'npm' && { allowScripts: ALLOW_SCRIPTS }),
  }
}

/** Nothing that is there is changed. */
export function completed(
  before: Manifest,
  { app, test, manager }: Parts,
): { manifest: Manifest; added: Added } {
  const has = new Set(DEPENDENCY_FIELDS.flatMap((field) => Object.keys(recordOf(before[field]))))
  const missing = (names: readonly string[]) => names.filter((name) => !has.has(name))
  const dependencies = missing(DEPENDENCIES)
  const dev = missing([...ALWAYS, ...(app ? FOR_APP : []), ...(test ? FOR_TEST : [])])
  const scripts = Object.keys(SCRIPTS).filter((name) => isMissing(scriptOf(before, name)))
  const overrides = recordOf(before['overrides'])
  // By another package manager it would be for all packages of a project that may need the newer one.
  const needsOverride = manager === 'npm' && dev.includes('fauxqs') && !('fauxqs' in overrides)
  return {
    manifest: {
      ...before,
      ...(scripts.length > 0 && {
        scripts: { ...recordOf(before['scripts']), ...pick(SCRIPTS, scripts) },
      }),
      ...(dependencies.length > 0 && { dependencies: withRanges(before['dependencies'], dependencies) }),
      ...(dev.length > 0 && { devDependencies: withRanges(before['devDependencies'], dev) }),
      ...(needsOverride && { overrides: { ...overrides, fauxqs: COOKIE } }),
    },
    added: { dependencies: [...dependencies, ...dev], scripts },
  }
}

/** Whether the project has the CDK already, and so an app of its own. */
export function hasCdk(manifest: Manifest): boolean {
  return DEPENDENCY_FIELDS.some((field) => 'aws-cdk-lib' in recordOf(manifest[field]))
}

/** Whether tests are, or would be, those of vitest. */
export function testsByVitest(manifest: Manifest): boolean {
  const script = scriptOf(manifest, 'test')
  return isMissing(script) || /\bvitest\b/.test(script)
}

const DEPENDENCY_FIELDS = ['dependencies', 'devDependencies', 'optionalDependencies', 'peerDependencies']

function scriptOf(manifest: Manifest, name: string): string {
  const script = recordOf(manifest['scripts'])[name]
  return typeof script === 'string' ? script : ''
}

function isMissing(script: string): boolean {
  return script === '' || NO_TEST.test(script)
}

function recordOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}

function pick(from: Record<string, string>, names: readonly string[]): Record<string, string | undefined> {
  return Object.fromEntries(names.map((name) => [name, from[name]]))
}

/** In the order that npm keeps. */
function withRanges(before: unknown, names: readonly string[]): Record<string, unknown> {
  const all = { ...recordOf(before), ...Object.fromEntries(names.map((name) => [name, rangeOf(name)])) }
  return Object.fromEntries(Object.entries(all).toSorted(([a], [b]) => a.localeCompare(b, 'en')))
}

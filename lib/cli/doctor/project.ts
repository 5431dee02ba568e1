/** Whether a project has its parts, and in versions that go together. */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import semver from 'semver'
import { ownManifest } from '../init/own-package.ts'
import { messageOf } from '../../core/common/errors.ts'
import { type Check, fail, ok, type Probe, warn } from './check.ts'

/** What each package is needed for, and whether nothing goes without it. */
const PACKAGES = {
  'flowcraft-aws': { why: '', needed: true },
  flowcraft: { why: 'the engine', needed: true },
  'aws-cdk-lib': { why: 'to deploy', needed: false },
  constructs: { why: 'to deploy', needed: false },
  esbuild: { why: 'to bundle workers', needed: false },
  fauxqs: { why: 'for SQS and S3 on this computer', needed: false },
} as const

/** Either of them plays DynamoDB here. */
const DATABASES = ['dynalite', '@dynoxide/linux-x64'] as const

/** The nearest folder with a package.json. */
export function projectFolderOf(from: string): string | undefined {
  if (existsSync(join(from, 'package.json'))) return from
  const parent = dirname(from)
  return parent === from ? undefined : projectFolderOf(parent)
}

export function projectProbes(folder: string): Probe[] {
  return [
    { name: 'node', look: async () => [nodeCheck(process.versions.node)] },
    ...Object.keys(PACKAGES).map((name) => ({
      name,
      look: async () => [packageCheck(folder, name as keyof typeof PACKAGES)],
    })),
    { name: 'dynamodb', look: async () => [databaseCheck(folder)] },
    { name: 'cdk.json', look: async () => [cdkCheck(folder)] },
    { name: 'credentials', look: credentialsChecks },
  ]
}

export function nodeCheck(version: string): Check {
  const { node } = ownManifest.engines
  if (semver.satisfies(version, node)) return ok('node', `Node ${version}`)
  return fail('node', `Node ${version} is not ${node}`, 'install a newer Node.js')
}

interface Manifest {
  readonly version?: string
  readonly peerDependencies?: Readonly<Record<string, string>>
}

function packageCheck(folder: string, name: keyof typeof PACKAGES): Check {
  const { why, needed } = PACKAGES[name]
  const { version } = installed(folder, name) ?? {}
  const range = rangeFor(folder, name)
  const install = `npm install ${needed ? '' : '--save-dev '}'${range === undefined ? name : `${name}@${range}`}'`
  if (version === undefined) {
    const message = `it is not installed${why && `; it is needed ${why}`}`
    return needed ? fail(name, message, install) : warn(name, message, install)
  }
  if (range === undefined || semver.satisfies(version, range)) return ok(name, version)
  return fail(name, `${version} is not ${range}, which flowcraft-aws is made for`, install)
}

function databaseCheck(folder: string): Check {
  const found = DATABASES.flatMap((name) => {
    const { version } = installed(folder, name) ?? {}
    return version === undefined ? [] : [{ name, version, range: rangeFor(folder, name) ?? '*' }]
  })
  const fits = found.find(({ version, range }) => semver.satisfies(version, range))
  if (fits) return ok('dynamodb', `by ${fits.name} ${fits.version}`)
  const [other] = found
  const install = `npm install --save-dev 'dynalite@${rangeFor(folder, 'dynalite') ?? '*'}'`
  return other
    ? fail('dynamodb', `${other.name} ${other.version} is not ${other.range}`, install)
    : warn('dynamodb', 'nothing that plays DynamoDB on this computer is installed', install)
}

/** As the installed flowcraft-aws asks for it; this one's where none is installed. */
function rangeFor(folder: string, name: string): string | undefined {
  const { peerDependencies } = installed(folder, 'flowcraft-aws') ?? ownManifest
  return peerDependencies?.[name]
}

/** As Node finds a package: in the node_modules of this folder, or of one above. */
function installed(folder: string, name: string): Manifest | undefined {
  const file = join(folder, 'node_modules', name, 'package.json')
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as Manifest
  const parent = dirname(folder)
  return parent === folder ? undefined : installed(parent, name)
}

function cdkCheck(folder: string): Check {
  const file = join(folder, 'cdk.json')
  const fix = 'cdk.json: { "app": "npx tsx src/app.ts" }'
  if (!existsSync(file)) return warn('cdk.json', 'it is not there: cdk synth and deploy need --app', fix)
  try {
    const { app } = JSON.parse(readFileSync(file, 'utf8')) as { app?: unknown }
    if (typeof app === 'string' && app !== '') return ok('cdk.json', app)
    return warn('cdk.json', 'it names no app: cdk synth and deploy need --app', fix)
  } catch (error) {
    return fail('cdk.json', `it is no JSON: ${messageOf(error)}`, fix)
  }
}

/** Those that the SDK finds, for a deployment; nothing on this computer needs them. */
async function credentialsChecks(): Promise<Check[]> {
  const { LambdaClient } = await import('@aws-sdk/client-lambda')
  const { config } = new LambdaClient({})
  const checks: Check[] = []
  try {
    const { accountId, accessKeyId } = await config.credentials()
    checks.push(ok('credentials', accountId === undefined ? `key ${accessKeyId}` : `account ${accountId}`))
  } catch {
    const fix = 'aws configure, or aws sso login; dev and tests need none'
    checks.push(warn('credentials', 'no AWS credentials were found: cdk deploy needs some', fix))
  }
  try {
    checks.push(ok('region', await config.region()))
  } catch {
    checks.push(warn('region', 'no AWS region is set', 'AWS_REGION, or "region" in flowcraft.json'))
  }
  return checks
}

/**
 * Packs the package, installs it in an empty CDK project as a user would, and synthesises the quick start of the
 * README there: as an ES module in TypeScript, as CommonJS by `require`, and without esbuild.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../', import.meta.url))

interface Manifest {
  readonly devDependencies: Readonly<Record<string, string>>
}

interface Template {
  readonly Resources: Readonly<
    Record<string, { readonly Type: string; readonly Properties: { readonly Code?: { S3Key: string } } }>
  >
}

function run(folder: string, command: string, ...args: string[]): string {
  console.log(`$ ${[command, ...args].join(' ')}`)
  return execFileSync(command, args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
}

/** A project of the quick start's files, with the versions that this repository is tested with. */
function createProject(folder: string): void {
  const [{ filename }] = JSON.parse(
    run(root, 'npm', 'pack', '--ignore-scripts', '--json', '--pack-destination', folder),
  ) as [{ filename: string }]
  const { devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest
  const needed = ['@types/node', 'aws-cdk-lib', 'constructs', 'esbuild', 'flowcraft', 'typescript']
  const dependencies = Object.fromEntries(needed.map((name) => [name, devDependencies[name]]))
  write(folder, 'package.json', {
    name: 'shop',
    private: true,
    type: 'module',
    dependencies: { 'flowcraft-aws': `file:${filename}`, ...dependencies },
  })
  write(folder, 'tsconfig.json', {
    compilerOptions: {
      target: 'es2023',
      lib: ['es2023', 'esnext.disposable'],
      types: ['node'],
      module: 'nodenext',
      strict: true,
      outDir: 'build',
      rootDir: '.',
      allowImportingTsExtensions: true,
      rewriteRelativeImportExtensions: true,
    },
    include: ['app.ts', 'common.cts', 'shop-stack.ts', 'src'],
  })
  cpSync(join(root, 'examples/deployment/shop-stack.ts'), join(folder, 'shop-stack.ts'))
  cpSync(join(root, 'examples/deployment/order-api.ts'), join(folder, 'src/order-api.ts'))
  for (const name of ['flows.ts', 'worker.ts']) {
    cpSync(join(root, 'examples/quick-start', name), join(folder, 'src', name))
  }
  const app = "const app = new App({ outdir: process.argv[2] })\nnew ShopStack(app, 'Shop')\napp.synth()\n"
  const imports = "import { App } from 'aws-cdk-lib'\nimport { ShopStack } from './shop-stack.ts'\n\n"
  write(folder, 'app.ts', imports + app)
  // Written as CommonJS, which TypeScript turns into require().
  const stack =
    "class ShopStack extends Stack {\n  readonly flows = new FlowcraftService(this, 'Flows', { entry: 'src/worker.ts' })\n}\n"
  const common =
    "import { App, Stack } from 'aws-cdk-lib'\nimport { FlowcraftService } from 'flowcraft-aws/constructs'\n\n"
  write(folder, 'common.cts', `${common}${stack}\n${app}`)
}

function write(folder: string, name: string, content: string | object): void {
  const text = typeof content === 'string' ? content : JSON.stringify(content, undefined, 2)
  writeFileSync(join(folder, name), text)
}

/** Synthesises, and sees that each function has its code. */
function synthesise(folder: string, app: string, functions: number): void {
  const outdir = join(folder, `${app}.out`)
  run(folder, process.execPath, join('build', app), outdir)
  const template = JSON.parse(readFileSync(join(outdir, 'Shop.template.json'), 'utf8')) as Template
  const codes = Object.values(template.Resources)
    .filter(({ Type }) => Type === 'AWS::Lambda::Function')
    .map(({ Properties }) => Properties.Code?.S3Key.replace('.zip', ''))
  if (codes.length !== functions) {
    throw new Error(`${app}: expected ${functions} functions, got ${codes.length}`)
  }
  for (const code of codes) {
    const file = ['index.mjs', 'index.js'].map((name) => join(outdir, `asset.${code}`, name)).find(existsSync)
    if (file === undefined) throw new Error(`${app}: the asset ${code} has no code`)
  }
  console.log(`  ${app}: ${functions} functions with their code`)
}

/** Emulators are for whoever asks for them: a binary of 7 MB is among them. */
function bringsNoEmulators(folder: string): void {
  for (const name of ['@dynoxide', 'fauxqs', 'dynalite']) {
    if (existsSync(join(folder, 'node_modules', name))) throw new Error(`users get ${name} without asking`)
  }
}

/** Esbuild gone, the app says what to do, and Docker is not asked for. */
function failsWithoutEsbuild(folder: string): void {
  rmSync(join(folder, 'node_modules/esbuild'), { recursive: true })
  rmSync(join(folder, 'node_modules/.bin/esbuild'), { force: true })
  const env = { ...process.env, PATH: join(folder, 'nowhere') }
  const { stderr, status } = spawnSync(process.execPath, ['build/common.cjs', 'none.out'], {
    cwd: folder,
    env,
    encoding: 'utf8',
  })
  const hint = 'npm install --save-dev esbuild, or give code and handler'
  if (status === 0 || !stderr.includes(hint)) throw new Error(`expected '${hint}', got: ${stderr}`)
  console.log('  without esbuild: says what to install')
}

const folder = mkdtempSync(join(tmpdir(), 'flowcraft-package-'))
try {
  createProject(folder)
  run(folder, 'npm', 'install', '--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts')
  bringsNoEmulators(folder)
  run(folder, join('node_modules', '.bin', 'tsc'))
  synthesise(folder, 'app.js', 4)
  synthesise(folder, 'common.cjs', 3)
  failsWithoutEsbuild(folder)
} finally {
  rmSync(folder, { recursive: true, force: true })
}

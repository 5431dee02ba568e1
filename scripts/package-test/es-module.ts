/** A project of ES modules: the quick start in TypeScript, as CommonJS by `require`, and without esbuild. */
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { functionsOf, root, run, shell, versions, write } from './folder.ts'

/** A project of the quick start's files, with the versions that this repository is tested with. */
function createProject(folder: string, tarball: string): void {
  const needed = ['@types/node', 'aws-cdk-lib', 'constructs', 'esbuild', 'flowcraft', 'typescript']
  const dependencies = Object.fromEntries(needed.map((name) => [name, versions[name]]))
  write(folder, 'package.json', {
    name: 'shop',
    private: true,
    type: 'module',
    dependencies: { 'flowcraft-aws': `file:${tarball}`, ...dependencies },
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

/** Synthesises, and sees that each function has its code. */
function synthesise(folder: string, app: string, functions: number): void {
  const outdir = join(folder, `${app}.out`)
  run(folder, process.execPath, join('build', app), outdir)
  const codes = functionsOf(outdir, 'Shop').map(({ Properties }) =>
    Properties.Code?.S3Key.replace('.zip', ''),
  )
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

/** CommonJS has the Flowcraft that `import` gives, in Node.js and in a bundle; without one to be had, it loads too. */
function hasOneFlowcraft(folder: string): void {
  write(
    folder,
    'once.cjs',
    `const { NonRetryableError } = require('flowcraft-aws')
const { TestService } = require('flowcraft-aws/testing')
const { createSweepHandler } = require('flowcraft-aws/lambda')
import('flowcraft').then(async ({ createFlow, FlowcraftError }) => {
  if (typeof createSweepHandler !== 'function') throw new Error('flowcraft-aws/lambda exports no createSweepHandler')
  if (!(new NonRetryableError('') instanceof FlowcraftError)) throw new Error('two Flowcrafts')
  const flow = createFlow('flow').node('one', async () => ({ output: 1 }))
  const { status } = await new TestService({ flows: [flow] }).run({ blueprintId: 'flow' })
  if (status !== 'completed') throw new Error(\`the flow ended \${status}\`)
})
`,
  )
  const esbuild = join('node_modules', '.bin', 'esbuild')
  run(folder, esbuild, 'once.cjs', '--bundle', '--platform=node', '--outfile=bundled.cjs')
  run(folder, process.execPath, 'once.cjs')
  run(folder, process.execPath, 'bundled.cjs')
  const old = '--no-experimental-require-module'
  run(
    folder,
    process.execPath,
    old,
    '--eval',
    "new (require('flowcraft-aws').StartRunInvoker)({ functionName: 'start' })",
  )
  console.log('  CommonJS: one Flowcraft')
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

/** The command that the package brings, as one types it. */
function hasTerminal(folder: string): void {
  const help = shell(folder, 'npx flowcraft-aws --help')
  if (!help.includes('Exit codes:')) throw new Error(`npx flowcraft-aws --help printed\n${help}`)
}

export function testEsModule(folder: string, tarball: string): void {
  createProject(folder, tarball)
  run(folder, 'npm', 'install')
  bringsNoEmulators(folder)
  hasTerminal(folder)
  run(folder, join('node_modules', '.bin', 'tsc'))
  synthesise(folder, 'app.js', 4)
  synthesise(folder, 'common.cjs', 3)
  hasOneFlowcraft(folder)
  failsWithoutEsbuild(folder)
}

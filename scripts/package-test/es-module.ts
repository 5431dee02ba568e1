/** A project of ES modules: the quick start in TypeScript, as CommonJS by `require`, and without esbuild. */
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { functionsOf, install, root, run, versions, write } from './folder.ts'

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

/** In Node.js and in a bundle, `require` and `import` give the same module, so that nobody has two Flowcrafts. */
function loadsOnce(folder: string): void {
  const entries = [
    'flowcraft-aws',
    'flowcraft-aws/constructs',
    'flowcraft-aws/testing',
    'flowcraft-aws/lambda',
  ]
  write(
    folder,
    'once.cjs',
    `const required = [${entries.map((name) => `require('${name}')`).join(', ')}]
const imported = [${entries.map((name) => `import('${name}')`).join(', ')}]
Promise.all(imported).then((modules) => {
  const same = modules.every((module, at) => Object.keys(module).every((name) => module[name] === required[at][name]))
  console.log(same)
})
`,
  )
  const external = ['aws-cdk-lib', 'constructs'].map((name) => `--external:${name}`)
  run(
    folder,
    'node_modules/.bin/esbuild',
    'once.cjs',
    '--bundle',
    '--platform=node',
    ...external,
    '--outfile=bundled.cjs',
  )
  for (const file of ['once.cjs', 'bundled.cjs']) {
    const printed = run(folder, process.execPath, file).trim()
    if (printed !== 'true') throw new Error(`${file}: require and import give two modules`)
  }
  // As Node.js did before it could require an ES module.
  const common = entries
    .map((name) => `Object.keys(require('${name}')).length > 0 || process.exit(1)`)
    .join('; ')
  run(folder, process.execPath, '--no-experimental-require-module', '--eval', common)
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

export function testEsModule(folder: string, tarball: string): void {
  createProject(folder, tarball)
  install(folder)
  bringsNoEmulators(folder)
  run(folder, join('node_modules', '.bin', 'tsc'))
  synthesise(folder, 'app.js', 4)
  synthesise(folder, 'common.cjs', 3)
  loadsOnce(folder)
  failsWithoutEsbuild(folder)
}

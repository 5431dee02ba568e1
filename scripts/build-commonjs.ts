/**
 * Makes `dist/commonjs` of `dist`: the entries for a loader that cannot require an ES module, which is Jest as `cdk init`
 * sets it up. Node.js and bundlers take the ES modules, by conditions of package.json that stand before `require`, so that
 * nothing loads the package twice.
 */
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, type BuildOptions, type Plugin } from 'esbuild'

const root = fileURLToPath(new URL('../', import.meta.url))
const dist = join(root, 'dist')
const out = join(dist, 'commonjs')
const { dependencies } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
  dependencies: Record<string, string>
}

/** These share what they are made of, as they do as ES modules: one bundle holds them. `./local` stays an ES module. */
const SHARED = { main: 'lib/index', testing: 'lib/testing/index', lambda: 'lambdas/index' }

const CONSTRUCTS = 'lib/constructs/index'

/**
 * Flowcraft has no CommonJS. Jest that was told how to load it gives the one that the user's flows have; in Jest that was
 * not, no flow can be made, and a copy inside does for all that needs none. So there is never a second one beside it.
 */
const flowcraft: Plugin = {
  name: 'flowcraft',
  setup(builder) {
    builder.onResolve({ filter: /^flowcraft$/ }, ({ namespace }) =>
      namespace === 'flowcraft' ? undefined : { path: 'flowcraft', namespace: 'flowcraft' },
    )
    builder.onResolve({ filter: /^flowcraft-as-installed$/ }, () => ({ path: 'flowcraft', external: true }))
    builder.onLoad({ filter: /.*/, namespace: 'flowcraft' }, () => ({
      contents: `try { module.exports = require('flowcraft-as-installed') } catch { module.exports = require('${installed}') }`,
      resolveDir: root,
    }))
  },
}
const installed = fileURLToPath(import.meta.resolve('flowcraft'))

const options = {
  absWorkingDir: root,
  bundle: true,
  format: 'cjs',
  platform: 'node',
  target: 'node20',
  keepNames: true,
  logLevel: 'warning',
} satisfies BuildOptions

const filter = (path: string) => !/\.(js|map)$/.test(path) && path !== join(dist, 'lib/local')

/** Types have a folder of their own, whose package.json says that they describe CommonJS. */
async function types(): Promise<void> {
  await Promise.all(
    ['lib', 'lambdas'].map((folder) =>
      cp(join(dist, folder), join(out, folder), { recursive: true, filter }),
    ),
  )
  await write('package.json', '{ "type": "commonjs" }\n')
}

async function write(name: string, text: string): Promise<void> {
  const file = join(out, name)
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, text)
}

async function shared(): Promise<void> {
  const entries = Object.entries(SHARED)
  await build({
    ...options,
    stdin: {
      contents: entries.map(([name, file]) => `export * as ${name} from './dist/${file}.js'`).join('\n'),
      resolveDir: root,
    },
    outfile: join(out, 'shared.js'),
    // Inside, since it has no CommonJS; all else is required.
    external: Object.keys(dependencies).filter((name) => name !== 'p-map'),
    plugins: [flowcraft],
  })
  await Promise.all(
    entries.map(([name, file]) => {
      const path = `${'../'.repeat(file.split('/').length - 1)}shared.js`
      // Values, not getters, which Jest could neither mock nor spy on.
      return write(
        `${file}.js`,
        `"use strict"\nObject.defineProperty(exports, "__esModule", { value: true })\nObject.assign(exports, require("${path}").${name})\n`,
      )
    }),
  )
}

async function constructs(): Promise<void> {
  const up = '../'.repeat(CONSTRUCTS.split('/').length)
  await build({
    ...options,
    entryPoints: [join(dist, `${CONSTRUCTS}.js`)],
    outfile: join(out, `${CONSTRUCTS}.js`),
    packages: 'external',
    // The constructs find what else the package has from where they are as ES modules.
    define: { 'import.meta.url': 'moduleUrl' },
    banner: {
      js: `const moduleUrl = require("node:url").pathToFileURL(require("node:path").join(__dirname, "${up}${CONSTRUCTS}.js")).href;`,
    },
  })
}

await types()
await Promise.all([shared(), constructs()])

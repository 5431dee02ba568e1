/**
 * Makes `dist/commonjs` of `dist`: the entries for `require`, since Jest as `cdk init` sets it up cannot require an ES
 * module, and tsx can only if all that this imports can be required too. Bundlers take the ES modules, for `require` too, by
 * the condition `module`, so that nothing is in a bundle twice.
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

const FLOWCRAFT = join(root, 'scripts/commonjs-flowcraft.cjs')

const flowcraft: Plugin = {
  name: 'flowcraft',
  setup(builder) {
    builder.onResolve({ filter: /^flowcraft$/ }, ({ importer }) =>
      importer === FLOWCRAFT ? { external: true } : { path: FLOWCRAFT },
    )
  },
}

const options = {
  absWorkingDir: root,
  bundle: true,
  format: 'cjs',
  platform: 'node',
  target: 'node20',
  keepNames: true,
  logLevel: 'warning',
} satisfies BuildOptions

const filter = (path: string) => !/\.(m?js|map)$/.test(path) && path !== join(dist, 'lib/local')

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

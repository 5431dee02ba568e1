/** The examples, copied out of the repository: they compile, and their tests pass, those over the local AWS too. */
import { cpSync, existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root, run, shell, versions, write } from './folder.ts'

const examples = join(root, 'examples')

/** One `node_modules` for all of them: what they need is nearly the same, and an install takes long. */
export function testExamples(folder: string, tarball: string): void {
  const names = readdirSync(examples).filter((name) => existsSync(join(examples, name, 'package.json')))
  const needed: Record<string, string> = {}
  for (const name of names) {
    cpSync(join(examples, name), join(folder, name), {
      recursive: true,
      filter: (source) => !/[/\\](node_modules|cdk\.out|\.flowcraft)$/.test(source),
    })
    const manifest = JSON.parse(readFileSync(join(folder, name, 'package.json'), 'utf8')) as {
      dependencies: Record<string, string>
      devDependencies: Record<string, string>
      overrides: object
    }
    Object.assign(needed, manifest.dependencies, manifest.devDependencies)
  }
  const pinned = Object.keys(needed).map((name) => [name, versions[name] ?? needed[name]])
  write(folder, 'package.json', {
    private: true,
    type: 'module',
    dependencies: { ...Object.fromEntries(pinned), 'flowcraft-aws': `file:${tarball}` },
    overrides: { fauxqs: { cookie: '^1.0.2' } },
  })
  run(folder, 'npm', 'install')
  const flags =
    '--noEmit --strict --skipLibCheck --target es2023 --lib es2023,esnext.disposable --module nodenext --types node --ignoreConfig'
  shell(
    folder,
    `npx tsc ${flags} --allowImportingTsExtensions ${names.map((name) => `${name}/*.*ts`).join(' ')}`,
  )
  shell(folder, 'npx vitest run --maxWorkers 2 --testTimeout 120000 --hookTimeout 120000')
  console.log(`  ${names.length} examples compile, and their tests pass`)
}

/** Projects that `flowcraft-aws init` makes: installed, checked, tested and synthesised, on the oldest and the newest Node too. */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { templateNames } from '../../lib/cli/init/templates.ts'
import { functionsOf, pack, run, shell, write } from './folder.ts'

/** What one does with a project, in this order. `env` is of the Node that is to run it. */
const USES: readonly ((project: Project) => void)[] = [answers, typechecks, tests, synthesises]

interface Project {
  readonly folder: string
  readonly stack: string
  readonly env: NodeJS.ProcessEnv
}

/** The floor, with the npm that it brings, the one between, and the newest that Lambda has. */
const NODES = { oldest: ['node@20.19', 'npm@10'], middle: ['node@22'], newest: ['node@24'] }

export function testInit(folder: string, tarball: string): void {
  const starter = pack(folder, 'packages/create-flowcraft-aws')
  write(folder, 'tools/package.json', { private: true })
  const tools = join(folder, 'tools')
  run(tools, 'npm', 'install', tarball, starter)

  // As `npm create flowcraft-aws@latest order` does.
  shell(tools, 'npx create-flowcraft-aws ../order')
  for (const template of templateNames.filter((name) => name !== 'order'))
    shell(tools, `npx flowcraft-aws init ../${template} --template ${template}`)

  const order = { folder: join(folder, 'order'), stack: 'Order', env: {} }
  install(order, tarball)
  use(order)
  const [oldest, middle, newest] = [
    nodeOf(folder, 'oldest'),
    nodeOf(folder, 'middle'),
    nodeOf(folder, 'newest'),
  ]
  rmSync(join(order.folder, 'node_modules'), { recursive: true })
  rmSync(join(order.folder, 'package-lock.json'))
  install({ ...order, env: oldest }, tarball)
  use({ ...order, env: oldest })
  use({ ...order, env: middle })
  use({ ...order, env: newest })

  // What they need is the same.
  let installed = order.folder
  for (const [template, stack] of [
    ['audit', 'Audit'],
    ['agent', 'Agent'],
  ] as const) {
    const project = { folder: join(folder, template), stack, env: {} }
    for (const name of ['node_modules', 'package-lock.json'])
      renameSync(join(installed, name), join(project.folder, name))
    use(project)
    installed = project.folder
  }
}

/** Nobody's first sight of a project is a warning. */
function install({ folder, env }: Project, tarball: string): void {
  const said = shell(folder, `npm install ${tarball} 2>&1`, env)
  const warnings = said.split('\n').filter((line) => /warn/i.test(line) && !/Unknown .* config/.test(line))
  if (warnings.length > 0) throw new Error(`npm install warns:\n${warnings.join('\n')}`)
}

function use(project: Project): void {
  for (const check of USES) check(project)
  const version = shell(project.folder, 'node --version', project.env).trim()
  console.log(`  ${project.stack}: typecheck, test and synth pass on Node ${version}`)
}

/** The terminal: its help, and what it says of the project. */
function answers({ folder, env }: Project): void {
  shell(folder, 'npx flowcraft-aws --help', env)
  const checks = JSON.parse(shell(folder, 'npx flowcraft-aws doctor --json', env)) as unknown
  const failed = JSON.stringify(checks).match(/"(fail|failed)"/)
  if (failed) throw new Error(`doctor finds fault with a new project: ${JSON.stringify(checks)}`)
}

function typechecks({ folder, env }: Project): void {
  shell(folder, 'npm run typecheck', env)
}

function tests({ folder, env }: Project): void {
  shell(folder, 'npm test', env)
}

function synthesises({ folder, stack, env }: Project): void {
  const said = shell(folder, 'npm run synth 2>&1', env)
  if (/warn|feature flags/i.test(said)) throw new Error(`npm run synth warns:\n${said}`)
  const { length } = functionsOf(join(folder, 'cdk.out'), stack)
  if (length !== 3) throw new Error(`${stack}: expected 3 functions, got ${length}`)
}

/** A Node from the registry, as the first of the path. */
function nodeOf(folder: string, which: keyof typeof NODES): NodeJS.ProcessEnv {
  const tools = join(folder, which)
  write(folder, `${which}/package.json`, { private: true, allowScripts: { node: true } })
  run(tools, 'npm', 'install', ...NODES[which])
  const path = join(tools, 'node_modules', '.bin')
  return { PATH: `${path}${delimiter}${process.env['PATH']}` }
}

/** What `init` adds to the project of `cdk init`, and the lines that it asks for. */
export function testInitInto(folder: string, tarball: string): void {
  for (const name of ['src', 'test', 'cdk.out']) rmSync(join(folder, name), { recursive: true, force: true })
  const { addToApp } = JSON.parse(shell(folder, 'npx flowcraft-aws init --json')) as { addToApp: string }
  const [imports = '', lines = ''] = addToApp.split('\n\n')
  const stack = join(folder, 'lib/shop-stack.ts')
  const code = readFileSync(stack, 'utf8')
  writeFileSync(
    stack,
    `${imports}\n${code.replace('super(scope, id, props);', (line) => `${line}\n${lines}`)}`,
  )
  run(folder, 'npm', 'install', tarball)
  write(folder, 'test/shop.test.ts', "test('nothing', () => {})\n")
  run(folder, 'npm', 'test')
  run(folder, 'npm', 'run', 'typecheck')
  run(folder, 'npm', 'run', 'synth')
  const { length } = functionsOf(join(folder, 'cdk.out'), 'ShopStack')
  if (length !== 3) throw new Error(`init into a project: expected 3 functions, got ${length}`)
  console.log('  flowcraft-aws init adds what it lacks')
}

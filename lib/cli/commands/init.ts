/** Makes a project from a template. */
import { relative, resolve } from 'node:path'
import type { Command } from 'commander'
import type { Cli, GlobalOptions } from '../context.ts'
import { UsageError } from '../exit-codes.ts'
import { colorsOf, type Io } from '../io.ts'
import { install } from '../init/package-manager.ts'
import { type Plan, planOf } from '../init/plan.ts'
import { type TemplateName, templateNames, TEMPLATES } from '../init/templates.ts'
import { writeProject } from '../init/write.ts'
import { table } from '../render.ts'

const EXAMPLES = `
Templates:
${templateNames.map((name) => `  ${name.padEnd(8)}${TEMPLATES[name].about}`).join('\n')}

In a folder with a package.json it adds what is missing: dependencies, scripts, files, lines of .gitignore. It
overwrites no file, and asks nothing.

Examples:
  $ flowcraft-aws init shop
  $ flowcraft-aws init helpdesk --template agent --install`

interface InitOptions {
  readonly template: string
  readonly install?: true
}

export function addInitCommand(program: Command, cli: Cli): void {
  program
    .command('init')
    .description('make a project: a flow, its test, the worker, and the CDK app')
    .argument('[dir]', 'folder of the project', '.')
    .option('-t, --template <name>', templateNames.join(', '), 'order')
    .option('--install', 'install its dependencies too')
    .addHelpText('after', EXAMPLES)
    .action(async (dir: string, options: InitOptions, command: Command) => {
      const template = templateOf(options.template)
      const directory = resolve(cli.io.cwd, dir)
      const plan = await planOf(directory, template, cli.io.env)
      if (plan.changes.length > 0) await writeProject(directory, plan.changes)
      const done: Done = { directory, template, plan, installed: options.install === true }
      const { json } = command.optsWithGlobals<GlobalOptions>()
      if (!json) for (const line of filesLines(cli, done)) cli.io.out(line)
      if (done.installed) await install(plan.manager, directory, cli.io)
      if (json) cli.io.out(JSON.stringify(documentOf(cli, done)))
      else for (const line of nextLines(cli, done)) cli.io.out(line)
    })
}

interface Done {
  readonly directory: string
  readonly template: TemplateName
  readonly plan: Plan
  readonly installed: boolean
}

function templateOf(name: string): TemplateName {
  const found = templateNames.find((one) => one === name)
  if (found) return found
  throw new UsageError(`--template must be one of ${templateNames.join(', ')}; got '${name}'`)
}

function documentOf({ io }: Cli, done: Done) {
  const { directory, template, installed } = done
  const { manager, name, stack, changes, unchanged, leftAlone, added, addToApp } = done.plan
  return {
    directory,
    template,
    name,
    stack,
    packageManager: manager.name,
    written: changes.filter(({ before }) => before === undefined).map(({ path }) => path),
    changed: changes.filter(({ before }) => before !== undefined).map(({ path }) => path),
    unchanged,
    leftAlone,
    added,
    ...(addToApp && { addToApp: addToApp.join('\n') }),
    installed,
    next: nextSteps(io, done),
  }
}

function filesLines({ io }: Cli, { directory, template, plan }: Done): string[] {
  const colors = colorsOf(io)
  const { existing, changes, leftAlone, added } = plan
  const where = relative(io.cwd, directory) || '.'
  if (changes.length === 0)
    return [`${where} has all of template '${template}'`, ...leftAloneLines(leftAlone)]
  const more: Readonly<Record<string, string>> = {
    'package.json': [...added.dependencies, ...added.scripts.map((script) => `npm run ${script}`)].join(', '),
  }
  const rows = changes.map(({ path, before }) =>
    before === undefined
      ? [`  ${colors.green('new')}`, path]
      : [`  ${colors.yellow('more')}`, more[path] ? `${path}: ${more[path]}` : path],
  )
  return [
    existing ? `Added template '${template}' to ${where}` : `Made ${where} from template '${template}'`,
    ...table(rows),
    ...leftAloneLines(leftAlone),
  ]
}

function leftAloneLines(leftAlone: Plan['leftAlone']): string[] {
  return leftAlone.map(({ path, reason }) => `  left alone: ${path}: ${reason}`)
}

function nextLines({ io }: Cli, done: Done): string[] {
  const { addToApp } = done.plan
  const colors = colorsOf(io)
  const add = addToApp ? ['', 'Add to your stack:', '', ...addToApp.map((line) => `  ${line}`)] : []
  const [steps, start] = [nextSteps(io, done), startLine(done)]
  return [
    ...add.map((line) => line.trimEnd()),
    '',
    'Next:',
    '',
    ...steps.map((step) => `  ${colors.cyan(step)}`),
    '',
    'And in another terminal, to start a run:',
    '',
    `  ${colors.cyan(start)}`,
  ]
}

function nextSteps({ cwd }: Io, { directory, installed, plan }: Done): string[] {
  const path = relative(cwd, directory)
  return [
    ...(path === '' ? [] : [`cd ${quoted(path)}`]),
    ...(installed || (plan.changes.length === 0 && plan.entries.includes('node_modules'))
      ? []
      : [plan.manager.install]),
    plan.manager.run('dev'),
  ]
}

function startLine({ template, plan: { manager } }: Done): string {
  const { flow, input } = TEMPLATES[template]
  return `${manager.exec} flowcraft-aws start ${flow} --input '${JSON.stringify(input)}' --local`
}

function quoted(path: string): string {
  return /^[\w./@-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`
}

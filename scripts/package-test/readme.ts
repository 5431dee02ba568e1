/** What docs/your-own-flow.md and another page say, typed as it stands: files, and commands in their order. */
import { cpSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { functionsOf, root, shell, versions, write } from './folder.ts'

type Step = { readonly command: string } | { readonly file: string; readonly code: string }

/** A block of code, which the last file named before it has, or an indented line, which is a command. */
const STEP = /^```ts\n([\s\S]*?)^```$|^ {4}(\S.*)$/gm

function stepsOf(page: string, title: string): Step[] {
  const text = readFileSync(join(root, page), 'utf8')
  const [section] = new RegExp(`^## ${title}\\n[\\s\\S]*?(?=^## )`, 'm').exec(text) ?? []
  if (section === undefined) throw new Error(`${page} has no section '${title}'`)
  let end = 0
  return [...section.matchAll(STEP)].map(({ 0: all, 1: code, 2: command, index }) => {
    const before = section.slice(end, index)
    end = index + all.length
    if (command !== undefined) return { command }
    const file = [...before.matchAll(/`([\w./-]+\.m?ts)`/g)].at(-1)?.[1]
    if (file === undefined) throw new Error(`${page}: a block of code for no file: ${code}`)
    return { file, code: code as string }
  })
}

/** This package as it was packed, others as this repository is tested with them, unless the command says which. */
function packaged(command: string, tarball: string): string {
  if (!command.startsWith('npm install ')) return command
  return command
    .split(' ')
    .map((word) =>
      word === 'flowcraft-aws' ? tarball : word in versions ? `${word}@${versions[word]}` : word,
    )
    .join(' ')
}

/** @throws Error where a command fails, or where no template of the four functions comes out of it */
export function typeOwnFlow(folder: string, tarball: string): void {
  for (const step of stepsOf('docs/your-own-flow.md', 'Step by step')) {
    if ('command' in step) shell(folder, packaged(step.command, tarball))
    else write(folder, step.file, step.code)
  }
  const { length } = functionsOf(join(folder, 'cdk.out'), 'Shop')
  if (length !== 4)
    throw new Error(`the cdk synth of docs/your-own-flow.md: expected 4 functions, got ${length}`)
}

/** The files of other pages, for `tsc`: the app that docs/local.md runs, and what docs/deployment.md quotes. */
export function typeDocs(folder: string): void {
  for (const step of stepsOf('docs/local.md', 'Your stack')) {
    if ('file' in step) write(folder, step.file, step.code)
  }
  cpSync(join(root, 'examples/deployment'), join(folder, 'src'), { recursive: true })
}

export function testEmptyFolder(folder: string, tarball: string): void {
  typeOwnFlow(folder, tarball)
  write(
    folder,
    'run.ts',
    "import { runLocally } from './src/local.js'\n\nrunLocally('cdk.out', 'Ada').then(console.log)\n",
  )
  const printed = shell(folder, 'npx tsx run.ts').trim()
  if (printed !== 'HELLO, ADA!') throw new Error(`runLocally of docs/your-own-flow.md printed ${printed}`)
  console.log('  docs/your-own-flow.md synthesises and runs')
}

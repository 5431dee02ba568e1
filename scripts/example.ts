/**
 * A command of `flowcraft-aws` in the folder of an example, by the code of this repository: `npm run example -- saga` runs its
 * stack on this computer, `npm run example -- saga list --local` asks it.
 */
import { spawn } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../', import.meta.url))
const [name = '', ...command] = process.argv.slice(2)
const folder = join(root, 'examples', name)

if (existsSync(join(folder, 'cdk.json'))) {
  const args = [
    '--import',
    'tsx',
    join(root, 'bin/flowcraft-aws.ts'),
    ...(command.length > 0 ? command : ['dev']),
  ]
  spawn(process.execPath, args, { cwd: folder, stdio: 'inherit' }).on('exit', (code, signal) => {
    process.exitCode = code ?? (signal === null ? 1 : 130)
  })
  // Ctrl-C is the command's: it stops what it started.
  process.on('SIGINT', () => {})
} else {
  const all = readdirSync(join(root, 'examples')).filter((one) =>
    existsSync(join(root, 'examples', one, 'cdk.json')),
  )
  console.error(`npm run example -- <name> [command]: got '${name}', there are ${all.join(', ')}`)
  process.exitCode = 2
}

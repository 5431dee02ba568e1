/** Which package manager a project is for, and what one types with it. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Io } from '../io.ts'

export interface PackageManager {
  readonly name: 'npm' | 'pnpm' | 'yarn' | 'bun'
  readonly install: string
  /** Runs a script of package.json. */
  run(script: string): string
  /** Runs a command of an installed package. */
  readonly exec: string
}

const MANAGERS: Readonly<Record<PackageManager['name'], PackageManager>> = {
  npm: { name: 'npm', install: 'npm install', run: (script) => `npm run ${script}`, exec: 'npx' },
  pnpm: { name: 'pnpm', install: 'pnpm install', run: (script) => `pnpm run ${script}`, exec: 'pnpm exec' },
  yarn: { name: 'yarn', install: 'yarn install', run: (script) => `yarn run ${script}`, exec: 'yarn' },
  bun: { name: 'bun', install: 'bun install', run: (script) => `bun run ${script}`, exec: 'bunx' },
}

const LOCKS = [
  ['package-lock.json', 'npm'],
  ['pnpm-lock.yaml', 'pnpm'],
  ['yarn.lock', 'yarn'],
  ['bun.lock', 'bun'],
  ['bun.lockb', 'bun'],
] as const

/** The one whose lock file is there; else the one that runs this command, which says so to its children; else npm. */
export function packageManagerOf(files: readonly string[], env: NodeJS.ProcessEnv): PackageManager {
  const lock = LOCKS.find(([file]) => files.includes(file))
  if (lock) return MANAGERS[lock[1]]
  const agent = /^(npm|pnpm|yarn|bun)\//.exec(env['npm_config_user_agent'] ?? '')?.[1]
  return MANAGERS[(agent ?? 'npm') as PackageManager['name']]
}

/** Installs; what the package manager says goes to standard error, where it may show its progress. */
export async function install(
  { install }: PackageManager,
  directory: string,
  { env, signal }: Pick<Io, 'env' | 'signal'>,
): Promise<void> {
  // By a shell, since on Windows package managers are scripts. The command is one of four texts above.
  const child = spawn(install, { cwd: directory, shell: true, stdio: ['ignore', 2, 2], env, signal })
  const [code] = (await once(child, 'close')) as [number | null]
  if (code === 0) return
  throw new Error(
    `'${install}' ended with ${code ?? 'a signal'}; all files are there: run it in ${directory}`,
  )
}

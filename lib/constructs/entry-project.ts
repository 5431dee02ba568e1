/** The project of an entry: its lock file, whose folder is the root that the CDK bundles from, and its esbuild. */
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, delimiter, dirname, join, relative, resolve, sep } from 'node:path'

/** Those that the CDK knows. */
const LOCK_FILES = ['pnpm-lock.yaml', 'yarn.lock', 'bun.lock', 'bun.lockb', 'package-lock.json'] as const

interface ProjectFiles {
  readonly entry?: string
  readonly depsLockFilePath?: string
}

/** The nearest folder upwards from the entry that has one; the CDK itself looks upwards from where the app runs. */
function lockFilesOf(entry: string): string[] {
  for (let folder = dirname(resolve(entry)); ; folder = dirname(folder)) {
    const found = LOCK_FILES.map((name) => join(folder, name)).filter(existsSync)
    if (found.length > 0 || folder === dirname(folder)) return found
  }
}

export function lockFileOf({ entry, depsLockFilePath }: ProjectFiles): string | undefined {
  return depsLockFilePath ?? (entry ? lockFilesOf(entry)[0] : undefined)
}

export function lockFileProblems({ entry = '', depsLockFilePath }: ProjectFiles): string[] {
  const give = 'give depsLockFilePath, the lock file of the project that entry belongs to'
  if (depsLockFilePath === undefined) {
    const found = lockFilesOf(entry)
    if (found.length === 1) return []
    if (found.length > 1) {
      return [`entry has ${found.length} lock files (${found.map(shown).join(', ')}): ${give}`]
    }
    return [`entry must be in a project with a lock file (${LOCK_FILES.join(', ')}), got ${entry}: ${give}`]
  }
  if (!existsSync(depsLockFilePath)) {
    return [`depsLockFilePath must be a lock file, got ${depsLockFilePath}, which is not there`]
  }
  const root = dirname(resolve(depsLockFilePath))
  if (isIn(root, resolve(entry))) return []
  return [`depsLockFilePath must be in a folder above entry (${entry}), got ${depsLockFilePath}`]
}

function isIn(root: string, path: string): boolean {
  return path.startsWith(root.endsWith(sep) ? root : root + sep)
}

function shown(path: string): string {
  return relative(process.cwd(), path)
}

/** The package managers that run a command of another project where they are told of it by the environment. */
const TOLD_BY_ENVIRONMENT = ['package-lock.json', 'pnpm-lock.yaml']

/**
 * The CDK runs esbuild as a command of the entry's project, though it looks for it beside itself. Where only the app has
 * it, these variables let the project's package manager find it: npm among the global packages, pnpm on the path.
 */
export function esbuildEnvironment(lockFile: string | undefined): Record<string, string> | undefined {
  const folder = folderOfEsbuild()
  if (lockFile === undefined || folder === undefined || hasEsbuild(lockFile)) return undefined
  const path = [join(folder, 'bin'), process.env['PATH'] ?? ''].join(delimiter)
  return { npm_config_prefix: folder, PATH: path }
}

export function esbuildProblems(lockFile: string | undefined): string[] {
  if (lockFile === undefined || folderOfEsbuild() === undefined || hasEsbuild(lockFile)) return []
  if (TOLD_BY_ENVIRONMENT.includes(basename(lockFile)) && process.platform !== 'win32') return []
  return [
    `entry needs esbuild in its own project (${shown(lockFile)}): install it there as well, or give code and handler`,
  ]
}

function hasEsbuild(lockFile: string): boolean {
  for (let folder = dirname(resolve(lockFile)); ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'node_modules', '.bin', 'esbuild'))) return true
    if (folder === dirname(folder)) return false
  }
}

/** As the CDK finds it: from its own files. Undefined where only the command is installed. */
export function folderOfEsbuild(): string | undefined {
  const require = createRequire(import.meta.url)
  try {
    return dirname(createRequire(require.resolve('aws-cdk-lib')).resolve('esbuild/package.json'))
  } catch {
    return undefined
  }
}

/** Tells which files of a project changed, together with those that change in the same moment. */
import { stat } from 'node:fs/promises'
import { relative, sep } from 'node:path'
import { watch as watchWith } from 'chokidar'

/** An editor writes a file more than once, and a checkout many. */
const QUIET_MS = 60

/** No run depends on these: the former wherever they are, the latter in the project's own folder. */
const IGNORED = /^(node_modules|\..+)$/
const IGNORED_AT_TOP = /^(cdk\.out.*|coverage|dist|build|out)$/
const NO_SOURCE = /(\.(md|log|txt|snap|tsbuildinfo)|\.(test|spec)\.[cm]?[jt]sx?|~)$/

export interface Watch {
  /** Watches these too, of which those in the project are watched anyhow. */
  add(files: Iterable<string>): void
  stop(): Promise<void>
}

const isInstalled = (file: string) => file.split(sep).includes('node_modules')

const elsewhere = (projectFolder: string, files: Iterable<string>) =>
  [...files].filter((file) => relative(projectFolder, file).startsWith('..') && !isInstalled(file))

/** Files outside of the project that changed before anybody knew that they are to be watched. */
export async function changedElsewhere(
  projectFolder: string,
  files: Iterable<string>,
  since: number,
): Promise<ReadonlySet<string>> {
  const late = new Set<string>()
  for (const file of elsewhere(projectFolder, files)) {
    const found = await stat(file).catch(() => undefined)
    if (found && found.mtimeMs > since) late.add(file)
  }
  return late
}

/** @param changed - gets absolute paths */
export async function watchFiles(
  projectFolder: string,
  changed: (files: ReadonlySet<string>) => void,
): Promise<Watch> {
  let files = new Set<string>()
  let isStopped = false
  let timer: NodeJS.Timeout | undefined
  const watcher = watchWith(projectFolder, {
    ignoreInitial: true,
    ignored: (path) => {
      const parts = relative(projectFolder, path).split(sep)
      if (parts[0] === '..') return isInstalled(path)
      const isOutput = parts.some((part) => IGNORED.test(part)) || IGNORED_AT_TOP.test(parts[0] ?? '')
      return isOutput || NO_SOURCE.test(path)
    },
  })
  watcher.on('all', (event, file) => {
    if (event === 'addDir' || event === 'unlinkDir') return
    files.add(file)
    clearTimeout(timer)
    timer = setTimeout(() => {
      const those = files
      files = new Set()
      changed(those)
    }, QUIET_MS)
  })
  await new Promise<void>((resolve) => watcher.once('ready', () => resolve()))
  return {
    add: (more) => {
      // A watcher that was closed would begin anew, and keep the process.
      if (!isStopped) watcher.add(elsewhere(projectFolder, more))
    },
    stop: async () => {
      isStopped = true
      clearTimeout(timer)
      await watcher.close()
    },
  }
}

/** Writes all files of a project, or none. */
import { mkdir, mkdtemp, rename, rm, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { messageOf } from '../../core/common/errors.ts'
import { UsageError } from '../exit-codes.ts'
import { isThere } from './folder.ts'

export interface Change {
  /** Below the project's folder. */
  readonly path: string
  readonly text: string
  /** What the file has; a file without it must not be there. */
  readonly before?: string
}

/**
 * A folder that is not there is made beside its place and moved to it: a crash before that leaves a folder of another
 * name, and one after it the whole project. Into a folder that is there files are written one by one, and taken away
 * again where one of them cannot be written; after a crash between two of them, the same command writes the others.
 *
 * @throws UsageError, with nothing written
 */
export async function writeProject(directory: string, changes: readonly Change[]): Promise<void> {
  const undo: (() => Promise<unknown>)[] = []
  try {
    if (await isThere(directory)) await writeInto(directory, changes, undo)
    else await writeNew(directory, changes, undo)
  } catch (error) {
    for (const step of undo.toReversed()) await step().catch(() => {})
    throw new UsageError(`nothing was written to ${directory}: ${messageOf(error)}`)
  }
}

async function writeNew(
  directory: string,
  changes: readonly Change[],
  undo: (() => Promise<unknown>)[],
): Promise<void> {
  await makeFolder(dirname(directory), undo)
  const beside = await mkdtemp(join(dirname(directory), `.${basename(directory)}-`))
  undo.push(() => rm(beside, { recursive: true, force: true }))
  // mkdtemp makes it for this user alone, and rename would keep that.
  const project = join(beside, 'project')
  await mkdir(project)
  await writeInto(project, changes, undo)
  await rename(project, directory)
  // The project is there, whatever becomes of this.
  await rm(beside, { recursive: true }).catch(() => {})
}

async function writeInto(
  directory: string,
  changes: readonly Change[],
  undo: (() => Promise<unknown>)[],
): Promise<void> {
  for (const { path, text, before } of changes) {
    const file = join(directory, path)
    if (before !== undefined) {
      const next = `${file}.${process.pid}.tmp`
      undo.push(() => rm(next, { force: true }))
      await writeFile(next, text, { flag: 'wx', mode: (await stat(file)).mode })
      await rename(next, file)
      undo.push(() => writeFile(file, before))
      continue
    }
    await makeFolder(dirname(file), undo)
    await writeFile(file, text, { flag: 'wx' })
    undo.push(() => rm(file, { force: true }))
  }
}

async function makeFolder(folder: string, undo: (() => Promise<unknown>)[]): Promise<void> {
  const first = await mkdir(folder, { recursive: true })
  if (first !== undefined) undo.push(() => rm(first, { recursive: true, force: true }))
}

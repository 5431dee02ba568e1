/** A folder that is to become a project, as it is. */
import { readdir, readFile, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { messageOf } from '../../core/common/errors.ts'
import { propertyOf } from '../../core/common/thrown.ts'
import { UsageError } from '../exit-codes.ts'
import type { Manifest } from './manifest.ts'

/** May lie in a folder that becomes a project. */
const HARMLESS =
  /^(\.git.*|\.idea|\.vscode|\.editorconfig|\.npmrc|\.nvmrc|\.node-version|\.DS_Store|Thumbs\.db|(readme|licen[cs]e|copying|contributing)(\..*)?)$/i

/** What is in the folder; nothing where there is none. */
export async function entriesOf(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory)
  } catch (error) {
    const code = propertyOf(error, 'code')
    if (code === 'ENOENT') return []
    if (code === 'ENOTDIR') throw new UsageError(`${await fileIn(directory)} is a file: name a folder`)
    throw new UsageError(`cannot read ${directory}: ${messageOf(error)}`)
  }
}

/** The path itself, or the one above it that is no folder. */
async function fileIn(path: string): Promise<string> {
  const isFile = await stat(path).then(
    (found) => !found.isDirectory(),
    () => false,
  )
  return isFile ? path : fileIn(dirname(path))
}

export function refuseOthers(directory: string, entries: readonly string[]): void {
  if (entries.includes('cdk.json'))
    throw new UsageError(
      `${directory} has a cdk.json and no package.json: its app is in another language, and the constructs are for TypeScript and JavaScript`,
    )
  const others = entries.filter((entry) => !HARMLESS.test(entry)).toSorted()
  if (others.length === 0) return
  const more = others.length > 3 ? ` and ${others.length - 3} more` : ''
  throw new UsageError(
    `${directory} is not empty (${others.slice(0, 3).join(', ')}${more}) and has no package.json: name a new folder, or one of a project`,
  )
}

/** With what its text looks like, so that no more of it changes than is added. */
export async function manifestIn(
  directory: string,
): Promise<{ manifest: Manifest; text: string; indent: string | number }> {
  const file = join(directory, 'package.json')
  try {
    const text = await readFile(file, 'utf8')
    const manifest = JSON.parse(text.replace(/^\uFEFF/, '')) as unknown
    if (typeof manifest !== 'object' || manifest === null || Array.isArray(manifest))
      throw new Error('it is no object')
    return { manifest: manifest as Manifest, text, indent: /^[ \t]+(?=")/m.exec(text)?.[0] ?? 2 }
  } catch (error) {
    throw new UsageError(`cannot read ${file}: ${messageOf(error)}`)
  }
}

export async function textOf(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    if (propertyOf(error, 'code') === 'ENOENT') return undefined
    throw new UsageError(`cannot read ${file}: ${messageOf(error)}`)
  }
}

export async function isThere(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  )
}

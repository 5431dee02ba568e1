// Puts a function's code into a folder of its own, as Lambda unpacks an upload. Runs nothing.

import { access, copyFile, cp, mkdir, stat, symlink, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { basename, dirname, join, sep } from 'node:path'
import { localError } from '../errors.ts'
import { BOOTSTRAP_SOURCE } from './bootstrap.ts'
import type { FunctionCode } from './types.ts'

/** Scopes of the AWS SDK that the Lambda runtime provides. */
const RUNTIME_SCOPES = { '@aws-sdk': '@aws-sdk/client-sqs', '@smithy': '@smithy/types' }

/** In the order in which Lambda's Node.js runtime looks for them. */
const EXTENSIONS = ['.js', '.mjs', '.cjs']

/** A copy of a function's code, and what of it is called. */
export interface DeployedCode {
  /** The folder that the function finds as LAMBDA_TASK_ROOT. */
  readonly root: string
  /** The module with the handler. */
  readonly file: string
  readonly exportName: string
  /** As Lambda names it: `index.handler`. */
  readonly handler: string
}

/** Copies code into `folder`. `handler` is an export of a file, or a file and its export in a folder. */
export async function deployCode(
  code: FunctionCode,
  handler: string | undefined,
  folder: string,
): Promise<DeployedCode> {
  const { file, folder: source } = code ?? {}
  if (source !== undefined) return deployFolder(source, handler ?? 'index.handler', folder)
  return deployFile(file, handler ?? 'handler', folder)
}

/** With its source map. */
async function deployFile(file: unknown, exportName: string, folder: string): Promise<DeployedCode> {
  if (typeof file !== 'string' || !file.endsWith('.mjs')) {
    throw localError(
      `code.file must be the path of an .mjs file (see bundleHandler); got ${JSON.stringify(file)}`,
    )
  }
  if (!(await exists(file))) throw localError(`code.file does not exist: ${file}`)
  await mkdir(folder, { recursive: true })
  const copy = join(folder, basename(file))
  await copyFile(file, copy)
  if (await exists(`${file}.map`)) await copyFile(`${file}.map`, `${copy}.map`)
  return { root: folder, file: copy, exportName, handler: `${basename(file, '.mjs')}.${exportName}` }
}

async function deployFolder(source: string, handler: string, folder: string): Promise<DeployedCode> {
  const [, path, exportName] = /^((?:.*\/)?[^./]+)\.(.+)$/.exec(handler) ?? []
  if (path === undefined || exportName === undefined) {
    throw localError(
      `handler must be a file and its export, such as index.handler; got ${JSON.stringify(handler)}`,
    )
  }
  const isFolder = await stat(source).then(
    (found) => found.isDirectory(),
    () => false,
  )
  if (!isFolder) throw localError(`code.folder must be a folder; got ${JSON.stringify(source)}`)
  await mkdir(dirname(folder), { recursive: true })
  await cp(source, folder, { recursive: true })
  for (const extension of EXTENSIONS) {
    const file = join(folder, path + extension)
    if (await exists(file)) return { root: folder, file, exportName, handler }
  }
  const names = EXTENSIONS.map((extension) => path + extension)
  throw localError(`handler ${handler} needs one of ${names.join(', ')} in ${source}`)
}

/** Writes what all environments of a function share and gives the path of the program that they run. */
export async function deployRuntime(folder: string): Promise<string> {
  const modules = join(folder, 'node_modules')
  await mkdir(modules, { recursive: true })
  const resolve = createRequire(import.meta.url).resolve
  for (const [scope, member] of Object.entries(RUNTIME_SCOPES)) {
    const path = tryResolve(resolve, member)
    const end = path?.lastIndexOf(sep + scope + sep) ?? -1
    if (path && end >= 0)
      await symlink(path.slice(0, end + 1 + scope.length), join(modules, scope), 'junction')
  }
  const bootstrap = join(folder, 'bootstrap.mjs')
  await writeFile(bootstrap, BOOTSTRAP_SOURCE)
  return bootstrap
}

/** A part of the SDK that is not installed is not provided; a function that wants it fails to load and says so. */
function tryResolve(resolve: (id: string) => string, id: string): string | undefined {
  try {
    return resolve(id)
  } catch {
    return undefined
  }
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  )
}

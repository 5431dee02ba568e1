// Puts a function's code into a folder of its own, as Lambda unpacks an upload. Runs nothing.

import { access, copyFile, mkdir, symlink, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { basename, join, sep } from 'node:path'
import { LocalAwsError } from '../errors.ts'
import { BOOTSTRAP_SOURCE } from './bootstrap.ts'

/** Scopes of the AWS SDK that the Lambda runtime provides. */
const RUNTIME_SCOPES = { '@aws-sdk': '@aws-sdk/client-sqs', '@smithy': '@smithy/types' }

/** Copies `file` and its source map into `folder` and gives the path of the copy. */
export async function deployCode(file: unknown, folder: string): Promise<string> {
  if (typeof file !== 'string' || !file.endsWith('.mjs')) {
    throw new LocalAwsError(
      `code.file must be the path of an .mjs file (see bundleHandler), got ${JSON.stringify(file)}`,
    )
  }
  if (!(await exists(file))) throw new LocalAwsError(`code.file does not exist: ${file}`)
  await mkdir(folder, { recursive: true })
  const copy = join(folder, basename(file))
  await copyFile(file, copy)
  if (await exists(`${file}.map`)) await copyFile(`${file}.map`, `${copy}.map`)
  return copy
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

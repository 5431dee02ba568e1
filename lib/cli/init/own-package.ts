/** This package as it is installed: its version, those of others that it was tested with, and its folder. */
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

interface OwnPackage {
  readonly name: string
  readonly version: string
  readonly dependencies: Readonly<Record<string, string>>
  readonly devDependencies: Readonly<Record<string, string>>
  readonly peerDependencies: Readonly<Record<string, string>>
  readonly engines: { readonly node: string }
}

/** The folder that has `templates`: the nearest one with a package.json of this package's name, since `dist` is inside. */
export const packageRoot = rootAbove(dirname(fileURLToPath(import.meta.url)))
export const ownManifest = manifestIn(packageRoot) as OwnPackage

function rootAbove(folder: string): string {
  if (manifestIn(folder)?.name === 'flowcraft-aws') return folder
  const parent = dirname(folder)
  if (parent === folder) throw new Error('the package.json of flowcraft-aws is not above its code')
  return rootAbove(parent)
}

function manifestIn(folder: string): Partial<OwnPackage> | undefined {
  try {
    return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Partial<OwnPackage>
  } catch {
    return undefined
  }
}

/** From the version on that this release is tested with; of this package, from its own version on. */
export function rangeOf(name: string): string {
  if (name === ownManifest.name) return `^${ownManifest.version}`
  const version = ownManifest.devDependencies[name] ?? ownManifest.dependencies[name]
  if (version === undefined) throw new Error(`this package is tested with no version of ${name}`)
  return version.startsWith('^') ? version : `^${version}`
}

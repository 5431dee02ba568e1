/**
 * Everything the audit reads: the packages on disk and a feed of advisories.
 *
 * Paths are relative to the root and use '/', so that a result is the same on every machine.
 * Symbolic links are not followed: what is read is what npm or yarn (classic) has unpacked.
 */
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'

/** The fields of a `package.json` that the audit looks at, as found: anything may be wrong or absent. */
export interface Manifest {
  name?: unknown
  version?: unknown
  license?: unknown
  licenses?: unknown
  scripts?: unknown
  gypfile?: unknown
}

/** Every installed package, nested ones included, as `node_modules/...` folders in sorted order. */
export async function listPackages(root: string, folder = 'node_modules'): Promise<string[]> {
  const names = (await entriesOf(join(root, folder))).filter((entry) => entry.isDirectory())
  const found = await Promise.all(
    names.map(async ({ name }) => {
      const dir = `${folder}/${name}`
      if (name.startsWith('.')) return []
      if (name.startsWith('@')) return listPackages(root, dir)
      const isPackage = (await entriesOf(join(root, dir))).some((entry) => entry.name === 'package.json')
      return [...(isPackage ? [dir] : []), ...(await listPackages(root, `${dir}/node_modules`))]
    }),
  )
  return found.flat().toSorted()
}

/** The manifest of one package. One that cannot be parsed is an empty one: an audit reports, it does not stop. */
export async function readManifest(root: string, dir: string): Promise<Manifest> {
  const text = await readFile(join(root, dir, 'package.json'), 'utf8')
  try {
    const manifest: unknown = JSON.parse(text.replace(/^\uFEFF/, ''))
    return typeof manifest === 'object' && manifest !== null ? manifest : {}
  } catch {
    return {}
  }
}

/** The text of the licence file beside a manifest: the one that is named, or the first that looks like one. */
export async function readLicenceText(
  root: string,
  dir: string,
  named?: string,
): Promise<string | undefined> {
  const files = (await entriesOf(join(root, dir))).filter((entry) => entry.isFile()).map(({ name }) => name)
  const file =
    files.find((name) => name === named) ?? files.find((name) => /^(licen[cs]e|copying)/i.test(name))
  return file === undefined ? undefined : readFile(join(root, dir, file), 'utf8')
}

/** Scripts that run on the user's machine when the package is installed, as `stage: command`. */
export async function installScripts(root: string, dir: string): Promise<string[]> {
  const { scripts, gypfile } = await readManifest(root, dir)
  const commands = new Map<string, unknown>(Object.entries(scripts ?? {}))
  const found = ['preinstall', 'install', 'postinstall'].filter((stage) => commands.has(stage))
  const lines = found.map((stage) => `${stage}: ${String(commands.get(stage))}`)
  // npm builds a package that has a binding.gyp and no install script of its own.
  const builds = gypfile !== false && !found.includes('preinstall') && !found.includes('install')
  const hasGyp = builds && (await entriesOf(join(root, dir))).some(({ name }) => name === 'binding.gyp')
  return hasGyp ? ['install: node-gyp rebuild', ...lines] : lines
}

/** Bytes in the files of one package, without the packages nested in it: they are counted as themselves. */
export async function bytesOf(root: string, dir: string, except = 'node_modules'): Promise<number> {
  const sizes = (await entriesOf(join(root, dir))).map(async (entry) => {
    if (entry.isDirectory()) return entry.name === except ? 0 : bytesOf(root, `${dir}/${entry.name}`, '')
    return entry.isFile() ? (await stat(join(root, dir, entry.name))).size : 0
  })
  return (await Promise.all(sizes)).reduce((total, size) => total + size, 0)
}

/** What is in a folder, sorted by name; nothing, when there is no such folder. */
async function entriesOf(folder: string) {
  try {
    const entries = await readdir(folder, { withFileTypes: true })
    return entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

/** Releases that were published with malware in them: a true list, though a short one. */
const COMPROMISED = [
  // November 2018: a wallet stealer.
  'event-stream@3.3.6',
  'flatmap-stream@0.1.1',
  // October 2021: a miner and a password stealer.
  'ua-parser-js@0.7.29',
  'ua-parser-js@0.8.0',
  'ua-parser-js@1.0.0',
  // March 2022: overwrote files, CVE-2022-23812.
  'node-ipc@10.1.1',
  'node-ipc@10.1.2',
  // September 2025: one stolen account, one wallet stealer in all of these.
  'ansi-regex@6.2.1',
  'ansi-styles@6.2.2',
  'backslash@0.2.1',
  'chalk@5.6.1',
  'chalk-template@1.1.1',
  'color@5.0.1',
  'color-convert@3.1.1',
  'color-name@2.0.1',
  'color-string@2.1.1',
  'debug@4.4.2',
  'has-ansi@6.0.1',
  'is-arrayish@0.3.3',
  'simple-swizzle@0.2.3',
  'slice-ansi@7.1.1',
  'strip-ansi@7.1.1',
  'supports-color@10.2.1',
  'supports-hyperlinks@4.1.1',
  'wrap-ansi@9.0.1',
]

/**
 * The advisory feed. It stands in for a service across a network that is having a bad day: it refuses the
 * first attempt of every run and answers the second, so that a retry can be watched.
 */
export async function readAdvisories(attempt: number): Promise<string[]> {
  if (attempt === 1) throw new Error('The advisory feed answered 503, Service Unavailable')
  return COMPROMISED
}

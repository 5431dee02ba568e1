/** Native modules in a bundle: a binary for this machine does not load in a function of another architecture. */
import { closeSync, existsSync, openSync, readdirSync, readSync } from 'node:fs'
import { join, relative } from 'node:path'
import { Annotations, Token } from 'aws-cdk-lib'
import { Architecture } from 'aws-cdk-lib/aws-lambda'
import type { Construct } from 'constructs'

/** e_machine of an ELF file. https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html */
const MACHINES: Readonly<Record<number, string>> = {
  0x3e: Architecture.X86_64.name,
  0xb7: Architecture.ARM_64.name,
}
/** Packages bring one file for each platform, told apart by these in their paths. */
const PLATFORM =
  /[-_.]?(linuxmusl|linux|darwin|win32|freebsd|android|musl|glibc|gnu|msvc|x86_64|x64|ia32|aarch64|arm64|arm)/g

export function warnOfNativeModules(scope: Construct, bundle: string, architecture: Architecture): void {
  if (Token.isUnresolved(architecture.name) || !existsSync(bundle)) return
  const foreign = foreignModules(bundle, architecture)
  if (foreign.length === 0) return
  const list = foreign.map(({ file, machine }) => `${file} (${machine})`).join(', ')
  Annotations.of(scope).addWarningV2(
    'flowcraft-aws:nativeModules',
    `the bundle of ${scope.node.path} has native modules that do not load on Linux ${architecture.name}: ${list}. Install them for it (bundling.commandHooks with npm install --os=linux --cpu=${npmName(architecture)}), bundle in Docker (bundling.forceDockerBundling), or give the architecture of this machine`,
  )
}

function npmName({ name }: Architecture): string {
  return name === Architecture.X86_64.name ? 'x64' : 'arm64'
}

interface NativeModule {
  readonly file: string
  readonly machine: string
}

/** Of each module that has no binary for the architecture, what it has instead. */
function foreignModules(bundle: string, architecture: Architecture): NativeModule[] {
  const modules = new Map<string, NativeModule[]>()
  for (const entry of readdirSync(bundle, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !entry.name.endsWith('.node')) continue
    const path = join(entry.parentPath, entry.name)
    const file = relative(bundle, path)
    const family = file.replace(PLATFORM, '')
    modules.set(family, [...(modules.get(family) ?? []), { file, machine: machineOf(path) }])
  }
  return [...modules.values()]
    .filter((files) => files.every(({ machine }) => machine !== architecture.name))
    .flat()
}

function machineOf(path: string): string {
  const header = Buffer.alloc(20)
  const file = openSync(path, 'r')
  try {
    readSync(file, header, 0, header.length, 0)
  } finally {
    closeSync(file)
  }
  if (header.toString('latin1', 0, 4) !== '\u007fELF') return 'not of Linux'
  return MACHINES[header.readUInt16LE(18)] ?? 'another machine'
}

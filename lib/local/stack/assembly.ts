// Reads a cloud assembly: what `cdk synth` writes. Knows its files, not what stands in a template.
// https://github.com/aws/aws-cdk/blob/main/packages/aws-cdk-lib/cx-api/README.md

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { LocalAwsError } from '../errors.ts'
import type { Template } from './template.ts'

/** A stack as it was synthesised. */
export interface Assembly {
  readonly stackName: string
  readonly template: Template
  /** Files and folders by the key that they would have in the bucket of assets. */
  readonly assets: ReadonlyMap<string, string>
}

interface Manifest {
  readonly artifacts?: Readonly<Record<string, Artifact>>
}

interface Artifact {
  readonly type: string
  readonly properties?: { readonly templateFile?: string; readonly stackName?: string }
}

interface AssetManifest {
  readonly files?: Readonly<Record<string, FileAsset>>
}

interface FileAsset {
  readonly source: { readonly path?: string }
  readonly destinations: Readonly<Record<string, { readonly objectKey: string }>>
}

/** Reads a stack of an assembly, the only one unless it is named. */
export async function readAssembly(folder: string, stackName?: string): Promise<Assembly> {
  const manifest = await readJson<Manifest>(folder, 'manifest.json')
  if (!manifest) {
    throw new LocalAwsError(
      `assembly must be the folder that cdk synth wrote, got ${JSON.stringify(folder)}, where no manifest.json is`,
    )
  }
  const { id, name, templateFile } = chooseStack(manifest, stackName)
  const template = await readJson<Template>(folder, templateFile)
  if (!template)
    throw new LocalAwsError(`the template of stack ${name} is not at ${join(folder, templateFile)}`)
  const { files = {} } = (await readJson<AssetManifest>(folder, `${id}.assets.json`)) ?? {}
  return { stackName: name, template, assets: new Map(Object.values(files).flatMap(placesOf(folder))) }
}

function chooseStack(manifest: Manifest, wanted: string | undefined) {
  const stacks = Object.entries(manifest.artifacts ?? {}).flatMap(([id, { type, properties }]) => {
    const { templateFile, stackName: name = id } = properties ?? {}
    return type === 'aws:cloudformation:stack' && templateFile ? [{ id, name, templateFile }] : []
  })
  const named = stacks.filter(({ id, name }) => wanted === undefined || wanted === name || wanted === id)
  const [only] = named
  if (only && named.length === 1) return only
  const all = stacks.map(({ name }) => name).join(', ') || 'none'
  throw new LocalAwsError(`stackName must be one of the assembly's stacks (${all}), got ${wanted ?? 'none'}`)
}

const placesOf =
  (folder: string) =>
  ({ source, destinations }: FileAsset): [string, string][] => {
    const { path } = source
    if (path === undefined) return []
    return Object.values(destinations).map(({ objectKey }) => [objectKey, join(folder, path)])
  }

async function readJson<T>(folder: string, file: string): Promise<T | undefined> {
  try {
    return JSON.parse(await readFile(join(folder, file), 'utf8')) as T
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ENOENT') return undefined
    throw error
  }
}

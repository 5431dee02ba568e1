// Reads a cloud assembly: what `cdk synth` writes. Knows its files, not what stands in a template.
// https://github.com/aws/aws-cdk/blob/main/packages/aws-cdk-lib/cx-api/README.md

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { localError } from '../errors.ts'
import type { Template } from './template.ts'

/** A stack of an app, by what the manifests say. */
export interface AppStack {
  readonly stackName: string
  /** Of the constructs, as `cdk deploy` takes it: `Prod/Shop` of a stack in a stage. */
  readonly path: string
  /** Its id in the manifest of its folder. */
  readonly id: string
  readonly folder: string
  readonly templateFile: string
  /** The stacks that must be there before it. */
  readonly needs: AppStack[]
}

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
  readonly displayName?: string
  readonly dependencies?: readonly string[]
  readonly properties?: {
    readonly templateFile?: string
    readonly stackName?: string
    readonly directoryName?: string
  }
}

interface AssetManifest {
  readonly files?: Readonly<Record<string, FileAsset>>
}

interface FileAsset {
  readonly source: { readonly path?: string }
  readonly destinations: Readonly<Record<string, { readonly objectKey: string }>>
}

/** All stacks of an app, those of its stages too, in an order in which each comes after those that it needs. */
export async function readApp(folder: string): Promise<AppStack[]> {
  const stacks = await readFolder(folder)
  await addImports(stacks)
  return inOrder(stacks)
}

/** Whoever imports by a name of one's own has no dependency that the CDK knows. */
async function addImports(stacks: readonly AppStack[]): Promise<void> {
  const templates = await Promise.all(stacks.map(async (stack) => ({ stack, ...(await readStack(stack)) })))
  const exporters = new Map<unknown, AppStack>()
  for (const { stack, template } of templates) {
    for (const { Export } of Object.values(template.Outputs ?? {}))
      if (Export) exporters.set(Export.Name, stack)
  }
  for (const { stack, template } of templates) {
    for (const [, name] of JSON.stringify(template).matchAll(/"Fn::ImportValue":("(?:[^"\\]|\\.)*")/g)) {
      const exporter = exporters.get(JSON.parse(name as string))
      if (exporter && exporter !== stack) stack.needs.push(exporter)
    }
  }
}

async function readFolder(folder: string): Promise<AppStack[]> {
  const manifest = await readJson<Manifest>(folder, 'manifest.json')
  if (!manifest) {
    throw localError(
      `assembly must be the folder that cdk synth wrote; got ${JSON.stringify(folder)}, where no manifest.json is`,
    )
  }
  const artifacts = manifest.artifacts ?? {}
  /** What each artifact stands for: a stack for itself, a stage for all of its stacks. */
  const stacks = new Map<string, Promise<readonly AppStack[]>>()
  const stacksOf = (id: string): Promise<readonly AppStack[]> => {
    const found = stacks.get(id)
    if (found) return found
    const read = readArtifact(folder, id, artifacts[id], stacksOf)
    stacks.set(id, read)
    return read
  }
  const all: AppStack[] = []
  for (const id of Object.keys(artifacts)) all.push(...(await stacksOf(id)))
  return all
}

async function readArtifact(
  folder: string,
  id: string,
  artifact: Artifact | undefined,
  stacksOf: (id: string) => Promise<readonly AppStack[]>,
): Promise<readonly AppStack[]> {
  const { type, displayName = id, dependencies = [], properties = {} } = artifact ?? {}
  const { templateFile, stackName = id, directoryName } = properties
  const needs: AppStack[] = []
  for (const dependency of dependencies) needs.push(...(await stacksOf(dependency)))
  if (type === 'aws:cloudformation:stack' && templateFile !== undefined) {
    return [{ stackName, path: displayName, id, folder, templateFile, needs }]
  }
  if (type !== 'cdk:cloud-assembly' || directoryName === undefined) return []
  const inside = await readFolder(join(folder, directoryName))
  for (const stack of inside) stack.needs.push(...needs)
  return inside
}

/** The given stacks and all that they need, each after those. */
export function inOrder(stacks: readonly AppStack[]): AppStack[] {
  const ordered: AppStack[] = []
  const seen = new Set<string>()
  const add = (stack: AppStack) => {
    // Also where stacks need each other: then one finds that what it imports is not there.
    if (seen.has(keyOf(stack))) return
    seen.add(keyOf(stack))
    for (const needed of stack.needs) add(needed)
    ordered.push(stack)
  }
  for (const stack of stacks) add(stack)
  return ordered
}

/** Tells stacks apart, also those of the same name in two stages. */
export function keyOf({ folder, id }: Pick<AppStack, 'folder' | 'id'>): string {
  return join(folder, id)
}

/** The stack that is meant: the only one, or the one of this name, path or id. */
export function chooseStack(stacks: readonly AppStack[], wanted: string | undefined): AppStack {
  const named = stacks.filter(
    ({ id, stackName, path }) => wanted === undefined || [id, stackName, path].includes(wanted),
  )
  const [only] = named
  if (only && named.length === 1) return only
  const listed = (some: readonly AppStack[]) => some.map(({ path }) => path).join(', ') || 'none'
  if (wanted !== undefined && named.length > 1) {
    throw localError(
      `${named.length} stacks are called ${wanted}; give stackName one of their paths: ${listed(named)}`,
    )
  }
  const all = stacks.length > 1 ? '; deployAll deploys all of them' : ''
  throw localError(
    `stackName must be one of the assembly's stacks (${listed(stacks)}); got ${wanted ?? 'none'}${all}`,
  )
}

/** The template of a stack and its assets. */
export async function readStack({ folder, id, stackName, templateFile }: AppStack): Promise<Assembly> {
  const template = await readTemplate(join(folder, templateFile))
  if (!template) {
    throw localError(`the template of stack ${stackName} is not at ${join(folder, templateFile)}`)
  }
  const { files = {} } = (await readJson<AssetManifest>(folder, `${id}.assets.json`)) ?? {}
  return { stackName, template, assets: new Map(Object.values(files).flatMap(placesOf(folder))) }
}

export async function readTemplate(file: string): Promise<Template | undefined> {
  return readJson<Template>(file)
}

const placesOf =
  (folder: string) =>
  ({ source, destinations }: FileAsset): [string, string][] => {
    const { path } = source
    if (path === undefined) return []
    return Object.values(destinations).map(({ objectKey }) => [objectKey, join(folder, path)])
  }

async function readJson<T>(...path: string[]): Promise<T | undefined> {
  try {
    return JSON.parse(await readFile(join(...path), 'utf8')) as T
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ENOENT') return undefined
    throw error
  }
}

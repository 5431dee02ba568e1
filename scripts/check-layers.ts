/**
 * Keeps the layers of lib/: a folder imports only folders below it, types included, and no file is in a circle of
 * imports. Draws the picture in CONTRIBUTING.md from the imports themselves; `--write` puts it there.
 * (dependency-cruiser needs Node 22, and this project runs on 20.)
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

/** From the top to the bottom. Folders in one row know nothing of each other. */
const LAYERS = [
  ['cli'],
  ['console'],
  ['index.ts'],
  ['testing'],
  ['adapter'],
  ['client'],
  ['core/worker'],
  ['core/batch'],
  ['core/run'],
  ['core/execution'],
  ['core/blueprints'],
  ['core/config', 'core/history'],
  ['core/values'],
  ['core/store', 'core/telemetry', 'core/queue'],
  ['core/protocol'],
  ['core/common'],
]
/** The local AWS knows the kit's errors and variables only, the constructs constants and pure checks (`test/package` has the files). */
const APART = {
  local: ['bundling.ts', 'core/common'],
  constructs: ['bundling.ts', 'core/common', 'core/queue', 'core/store', 'core/telemetry'],
}

/** Who may start what stands apart: `flowcraft-aws dev` runs the local AWS. */
const STARTS = { cli: ['local'] }

const root = fileURLToPath(new URL('../', import.meta.url))
const lib = join(root, 'lib')
const CONTRIBUTING = join(root, 'CONTRIBUTING.md')
const PICTURE = /(<!-- layers: `npm run layers -- --write` -->\n)[\s\S]*?(<!-- end of layers -->)/

interface Import {
  readonly from: string
  readonly to: string
}

function importsOfLib(): Import[] {
  const files = readdirSync(lib, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'))
  return files.flatMap((from) => {
    const text = readFileSync(join(lib, from), 'utf8')
    const paths = [...text.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+\.m?[tj]s)'/g)].map(
      (match) => match[1] as string,
    )
    return paths.map((path) => ({ from, to: relative(lib, join(lib, dirname(from), path)) }))
  })
}

/** `core/run`, `adapter`, or a file of lib/ itself. */
function folderOf(file: string): string {
  const parts = file.split('/')
  return parts[0] === 'core' ? parts.slice(0, 2).join('/') : (parts[0] as string)
}

const floorOf = (folder: string) => LAYERS.findIndex((row) => row.includes(folder))

function problemOf({ from, to }: Import): string | undefined {
  const [upper, lower] = [folderOf(from), folderOf(to)]
  if (upper === lower) return undefined
  const allowed = Object.entries(APART).find(([folder]) => folder === upper)?.[1]
  if (allowed) return allowed.includes(lower) ? undefined : `${from} must not import ${to}`
  if (Object.entries(STARTS).some(([folder, started]) => folder === upper && started.includes(lower)))
    return undefined
  if (floorOf(upper) < 0) return `lib/${upper} is in no layer of scripts/check-layers.ts`
  if (floorOf(lower) > floorOf(upper) || lower === 'bundling.ts') return undefined
  return `${from} must not import ${to}: lib/${lower} is not below lib/${upper}`
}

/** The files of a circle of imports, or none. */
function circle(imports: readonly Import[]): string[] {
  const done = new Set<string>()
  const visit = (file: string, path: readonly string[]): string[] => {
    const at = path.indexOf(file)
    if (at >= 0) return [...path.slice(at), file]
    if (done.has(file)) return []
    for (const { to } of imports.filter(({ from }) => from === file)) {
      const found = visit(to, [...path, file])
      if (found.length > 0) return found
    }
    done.add(file)
    return []
  }
  for (const { from } of imports) {
    const found = visit(from, [])
    if (found.length > 0) return found
  }
  return []
}

/** An arrow for each folder that another imports and reaches by no other way. */
function picture(imports: readonly Import[]): string {
  const folders = LAYERS.flat().filter((folder) => folder !== 'index.ts')
  const below = new Map(folders.map((folder) => [folder, new Set<string>()]))
  for (const { from, to } of imports) {
    if (folderOf(from) !== folderOf(to) && folders.includes(folderOf(to)))
      below.get(folderOf(from))?.add(folderOf(to))
  }
  const reaches = (from: string, to: string): boolean =>
    [...(below.get(from) ?? [])].some((folder) => folder === to || reaches(folder, to))
  const arrows = folders.flatMap((folder) => {
    const all = [...(below.get(folder) ?? [])]
    const direct = all.filter((to) => !all.some((other) => other !== to && reaches(other, to)))
    return folders.filter((to) => direct.includes(to)).map((to) => `    ${folder} --> ${to}`)
  })
  return ['```mermaid', 'graph TD', ...arrows, '```', ''].join('\n')
}

const imports = importsOfLib()
const problems = imports.flatMap((one) => problemOf(one) ?? [])
const files = circle(imports)
if (files.length > 0) problems.push(`a circle of imports: ${files.join(' -> ')}`)
const text = readFileSync(CONTRIBUTING, 'utf8')
const allowed = imports.filter((one) => problemOf(one) === undefined)
const drawn = text.replace(PICTURE, (_, begin: string, end: string) => `${begin}${picture(allowed)}${end}`)
if (!PICTURE.test(text)) problems.push('CONTRIBUTING.md has no place for the picture of the layers')
if (process.argv.includes('--write')) writeFileSync(CONTRIBUTING, drawn)
else if (drawn !== text) problems.push('the picture in CONTRIBUTING.md is old: npm run layers -- --write')
for (const problem of new Set(problems)) console.error(problem)
process.exitCode = problems.length > 0 ? 1 : 0

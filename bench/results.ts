/** The last run, as the repository keeps it: JSON, the report, and the pictures of the docs. */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { costTable, withTable } from './cost-table.ts'
import { growthOf, svgOf } from './chart.ts'
import type { Extras } from './extras.ts'
import { withLoads } from './load.ts'
import type { Machine } from './machine.ts'
import { reportOf } from './report.ts'
import type { Row } from './rows.ts'

export interface Results {
  readonly machine: Machine
  /** ISO time. */
  readonly at: string
  readonly rows: readonly Row[]
  readonly extras: Extras
}

const FOLDER = new URL('results/', import.meta.url)
const COSTS = new URL('../docs/costs.md', import.meta.url)
const SCALE = new URL('../docs/scale.md', import.meta.url)
const PICTURES = new URL('../docs/pictures/', import.meta.url)

export async function write(results: Results): Promise<void> {
  await Promise.all([FOLDER, PICTURES].map((folder) => mkdir(folder, { recursive: true })))
  await writeFile(new URL('latest.json', FOLDER), `${JSON.stringify(results, undefined, 1)}\n`)
  await writeFile(new URL('latest.md', FOLDER), `# The last run of npm run bench\n\n${reportOf(results)}`)
  await writeFile(COSTS, withTable(await readFile(COSTS, 'utf8'), costTable(results.rows)))
  await writeLoads(results.rows)
  for (const [name, svg] of Object.entries(picturesOf(results))) await writeFile(new URL(name, PICTURES), svg)
}

/** The tables of docs/scale.md. */
export async function writeLoads(rows: readonly Row[]): Promise<void> {
  await writeFile(SCALE, withLoads(await readFile(SCALE, 'utf8'), rows))
}

export async function lastResults(): Promise<Results> {
  return JSON.parse(await readFile(new URL('latest.json', FOLDER), 'utf8')) as Results
}

/** By file name; each is made of the results alone. */
export function picturesOf({ rows }: Pick<Results, 'rows'>): Record<string, string> {
  return {
    'write-units.svg': svgOf(growthOf(rows, 'Write units a node', (row) => row.writeUnits / row.nodes)),
    'read-units.svg': svgOf(growthOf(rows, 'Read units a node', (row) => row.readUnits / row.nodes)),
    'cpu.svg': svgOf(growthOf(rows, 'CPU of a worker, milliseconds a node', (row) => row.cpuMs / row.nodes)),
  }
}

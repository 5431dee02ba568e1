/** All that a call found, as Markdown. Pure. */
import type { BundleSize } from './bundles.ts'
import type { ColdStart } from './cold-start.ts'
import type { Results } from './results.ts'
import { rowTable, table, targetTable } from './tables.ts'
import { judge } from './targets.ts'

export function reportOf({ machine, at, rows, extras }: Results): string {
  const { cpu, cores, node, platform } = machine
  return [
    `Measured ${at.slice(0, 10)} on ${cpu}, ${cores} cores, Node ${node}, ${platform}. Counts are exact; times compare only with each other.`,
    'Per node, of a batch per item, without a history; `10x1`: ten invocations at a time of one message, `5x10`: five of up to ten.',
    '',
    rowTable(rows),
    '',
    targetTable(judge(rows, extras)),
    ...(extras.coldStart ? ['', coldStartTable(extras.coldStart, extras.bundles ?? [])] : []),
    ...(extras.bundles ? ['', ...extras.bundles.filter(({ id }) => id !== 'bare').map(contents)] : []),
    '',
  ].join('\n')
}

const kb = (bytes: number) => (bytes / 1_000).toFixed(0)

function coldStartTable(starts: readonly ColdStart[], bundles: readonly BundleSize[]): string {
  const base = starts.find(({ id }) => id === 'two clients')
  return table(
    ['bundle', 'KB', 'read at start', 'gzip', 'ready ms', 'by two clients', 'CPU ms'],
    starts.map(({ id, readyMs, cpuMs }) => {
      const size = bundles.find((one) => one.id === id)
      return [
        id,
        kb(size?.bytes ?? 0),
        kb(size?.loadedBytes ?? 0),
        kb(size?.gzipBytes ?? 0),
        readyMs.toFixed(0),
        base ? (readyMs / base.readyMs).toFixed(2) : '',
        cpuMs.toFixed(0),
      ]
    }),
  )
}

const SHOWN = 14

function contents({ id, packages }: BundleSize): string {
  const shown = packages.slice(0, SHOWN).map(({ name, bytes }) => `${name} ${kb(bytes)}`)
  const rest = packages.slice(SHOWN).reduce((sum, { bytes }) => sum + bytes, 0)
  return `- ${id}, in KB: ${shown.join(', ')}${rest > 0 ? `, others ${kb(rest)}` : ''}`
}

/** What `npm run cost` was asked, checked. Pure. */
import type { Workload } from './formula.ts'

/** By option: the name in a workload, and what it may be. */
const NUMBERS = {
  nodes: { name: 'nodes', least: 1, most: 1e9 },
  messages: { name: 'messages', least: 1, most: 1e9 },
  items: { name: 'items', least: 0, most: 1e9 },
  'items-per-message': { name: 'itemsPerMessage', least: 1, most: 100 },
  'per-invocation': { name: 'perInvocation', least: 1, most: 10 },
  'output-bytes': { name: 'outputBytes', least: 0, most: 1e9 },
  'node-ms': { name: 'nodeMs', least: 0, most: 900_000 },
  memory: { name: 'memoryMb', least: 128, most: 10_240 },
  runs: { name: 'runs', least: 1, most: 1e12 },
} as const

/** @throws Error that names all that is wrong */
export function workloadOf(given: Readonly<Record<string, unknown>>): { workload: Workload; runs: number } {
  const problems: string[] = []
  const numbers: Record<string, number> = {}
  for (const [option, { name, least, most }] of Object.entries(NUMBERS)) {
    const text = given[option]
    if (text === undefined) continue
    const number = Number(text)
    if (String(text).trim() !== '' && number >= least && number <= most) numbers[name] = number
    else problems.push(`--${option} must be a number from ${least} to ${most}; got '${String(text)}'`)
  }
  const { history } = given
  if (history !== undefined && history !== 'none' && history !== 'timings') {
    problems.push(`--history must be none or timings; got '${String(history)}'`)
  }
  if (problems.length > 0) throw new Error(problems.join('\n'))
  const { runs = 1_000_000, ...workload } = numbers
  return {
    workload: { ...workload, history: history as Workload['history'], bus: given['no-bus'] !== true },
    runs,
  }
}

/** From the start of a process to a loaded handler: each bundle once in turn, many times, beside a handler of nothing. */
import { execFile } from 'node:child_process'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'

export interface ColdStart {
  readonly id: string
  /** Medians, in milliseconds, of process and code together. */
  readonly readyMs: number
  readonly cpuMs: number
}

const run = promisify(execFile)

/** What a service's worker finds in its environment. */
const PLACES = {
  FLOWCRAFT_QUEUE_URL: 'http://127.0.0.1:9/000000000000/queue',
  FLOWCRAFT_DEAD_LETTER_QUEUE_URL: 'http://127.0.0.1:9/000000000000/dead',
  FLOWCRAFT_TABLE_NAME: 'table',
  FLOWCRAFT_BUCKET_NAME: 'bucket',
  FLOWCRAFT_EVENT_BUS_NAME: 'bus',
  FLOWCRAFT_METRICS_NAMESPACE: 'Bench',
  FLOWCRAFT_WEBHOOK_URL: 'http://127.0.0.1:9/',
}

/** @param files - bundles by name */
export async function measureColdStarts(
  files: ReadonlyMap<string, string>,
  env: Readonly<Record<string, string>>,
  rounds: number,
): Promise<ColdStart[]> {
  const found = new Map([...files.keys()].map((id) => [id, [] as { readyMs: number; cpuMs: number }[]]))
  // The first round reads files that no cache has.
  for (let round = 0; round <= rounds; round++) {
    for (const [id, file] of files) {
      const measured = await start(file, env)
      if (round > 0) found.get(id)?.push(measured)
    }
  }
  return [...found].map(([id, all]) => ({
    id,
    readyMs: median(all.map(({ readyMs }) => readyMs)),
    cpuMs: median(all.map(({ cpuMs }) => cpuMs)),
  }))
}

async function start(
  file: string,
  env: Readonly<Record<string, string>>,
): Promise<{ readyMs: number; cpuMs: number }> {
  const code = [
    `const { handler } = await import(${JSON.stringify(pathToFileURL(file).href)})`,
    'if (typeof handler !== "function") throw new Error("no handler")',
    'const { user, system } = process.cpuUsage()',
    'process.stdout.write(JSON.stringify({ at: performance.timeOrigin + performance.now(), cpuMs: (user + system) / 1000 }))',
    'process.exit()',
  ].join('\n')
  const began = performance.timeOrigin + performance.now()
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', code], {
    env: { ...env, ...PLACES },
  })
  const { at, cpuMs } = JSON.parse(stdout) as { at: number; cpuMs: number }
  return { readyMs: at - began, cpuMs }
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  const [low = 0, high = 0] =
    sorted.length % 2 === 1 ? [sorted[middle], sorted[middle]] : sorted.slice(middle - 1)
  return (low + high) / 2
}

/**
 * `npm run bench`: what shapes of runs cost, over the local AWS, with the targets beside it, cold starts and bundle sizes.
 *
 *     npm run bench                                     # some ten minutes of it
 *     npm run bench -- --shape fan500 --variant tiny,1kb --workers 5x10
 *     npm run bench -- --all                            # each shape with each variant: hours
 *     npm run bench -- --json                           # { rows: [...], extras, machine }, and nothing else
 *     npm run bench -- --write                          # into bench/results/ and docs/
 *     npm run bench -- --from results.json --write      # measures nothing: what --json once printed
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { startLocalAws } from '../lib/local/index.ts'
import { bundleAll } from './bundles.ts'
import { measureColdStarts } from './cold-start.ts'
import { type Extras, measureExtras } from './extras.ts'
import { WorkerProcess } from './function.ts'
import { machine } from './machine.ts'
import { measure, type Measurement } from './measure.ts'
import { planOf } from './plan.ts'
import { reportOf } from './report.ts'
import { type Results, write } from './results.ts'
import type { Row } from './rows.ts'

const COLD_STARTS = 21

const { values } = parseArgs({
  options: {
    shape: { type: 'string' },
    variant: { type: 'string' },
    workers: { type: 'string' },
    all: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    from: { type: 'string' },
  },
})
// The SDK's reminder of Node 22 is not about this project.
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true'

const list = (text: string | undefined) => text?.split(',').map((one) => one.trim())
const asked = { shapes: list(values.shape), variants: list(values.variant), workers: list(values.workers) }
const plan = planOf({ ...asked, all: values.all })
/** Only where nothing was chosen: who asks for a shape wants that shape. */
const isWhole = Object.values(asked).every((one) => one === undefined)
/** Beside the results. */
const tell = (line: string) => console.error(line)

async function measureAll(): Promise<Results> {
  await using aws = await startLocalAws()
  const worker = new WorkerProcess({ ...process.env, ...aws.env })
  try {
    const rows: Row[] = []
    for (const [at, one] of plan.entries()) {
      tell(`${at + 1} of ${plan.length}: ${nameOf(one)}`)
      rows.push(await measure(aws, worker, one))
    }
    const extras = isWhole
      ? { ...(await measureExtras(aws, worker)), ...(await measureBundles(aws.env)) }
      : {}
    return { machine: machine(), at: new Date().toISOString(), rows, extras }
  } finally {
    await worker.stop()
  }
}

async function measureBundles(env: Readonly<Record<string, string>>): Promise<Extras> {
  tell('cold starts')
  const folder = await mkdtemp(join(tmpdir(), 'flowcraft-bench-'))
  try {
    const { sizes, files } = await bundleAll(folder)
    return { bundles: sizes, coldStart: await measureColdStarts(files, env, COLD_STARTS) }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function nameOf({ shape, variant, workers }: Measurement): string {
  return `${shape} ${variant} ${workers}`
}

const results =
  values.from === undefined
    ? await measureAll()
    : (JSON.parse(await readFile(values.from, 'utf8')) as Results)
if (values.json) console.log(JSON.stringify(results))
else console.log(reportOf(results))
if (values.write) await write(results)
process.exitCode = results.rows.every(({ status }) => status === 'completed') ? 0 : 1

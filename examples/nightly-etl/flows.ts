/**
 * Each night, what the shops sold the day before: extracted from each shop, added up, loaded, and somebody is told.
 *
 *     shops ──▶ extract_scatter ──▶ extract_gather ──▶ load ──▶ report
 *               (a message for each shop)                       (whatever happened)
 *
 * A night that runs twice gives the same: `load` replaces the day's rows.
 */
import { createFlow, type NodeContext } from 'flowcraft'
import { type AlwaysInput, defineFlows, type Flow } from 'flowcraft-aws'
import type { Mail, Sales, Totals, Warehouse } from './services.js'

/** What a run starts from. */
export interface Night {
  /** The time of the schedule, ISO 8601. */
  at: string
}
export interface Context extends Night {
  /** The day before, in UTC: `2026-11-26`. */
  day: string
  parts: { day: string; shop: string }[]
  totals: Totals[]
}
/** What nodes use, and tests replace. The worker gives it (worker.ts). */
export interface Services {
  sales: Sales
  warehouse: Warehouse
  mail: Mail
}
/** What a node is called with. Its `input` is what `inputs` below names: keys of the run's context, outputs of nodes. */
type Call<Input> = NodeContext<Context, Services, Input>

const DAY_MS = 86_400_000

async function shops({ input: at, context, dependencies }: Call<string>) {
  const day = new Date(Date.parse(at!) - DAY_MS).toISOString().slice(0, 10)
  const names = await dependencies.sales.shops(day)
  await context.set('day', day)
  await context.set(
    'parts',
    names.map((shop) => ({ day, shop })),
  )
  return { output: names.length }
}

/** Called for each shop, on many workers at a time. */
async function extract({ input, dependencies }: Call<{ day: string; shop: string }>) {
  const { day, shop } = input!
  const sold = await dependencies.sales.of(shop, day)
  const cents = sold.reduce((sum, sale) => sum + sale.cents, 0)
  return { output: { shop, sales: sold.length, cents } satisfies Totals }
}

async function load({ input, dependencies }: Call<{ day: string; totals: Totals[] }>) {
  const { day, totals } = input!
  await dependencies.warehouse.replace(day, totals)
  return { output: { day, rows: totals.length } }
}

/** Runs when all before it is over, whatever came of it. */
async function report({ input, context, dependencies }: Call<AlwaysInput>) {
  const { status, errors, outputs } = input as AlwaysInput
  const day = (await context.get('day')) ?? 'a day'
  const why = errors.map(({ nodeId, message }) => `${nodeId}: ${message}`).join('\n')
  const rows = (outputs['load'] as { rows: number } | undefined)?.rows
  await dependencies.mail.send(status === 'failed' ? `${day} failed\n${why}` : `${day}: ${rows} rows`)
  return {}
}

const again = { maxAttempts: 5, delay: '10s', backoff: 'exponential' } as const

export const nightly = createFlow<Context, Services>('nightly-etl')
  .node('shops', shops, { inputs: 'at', config: { retry: again } })
  .batch('extract', extract, { inputKey: 'parts', outputKey: 'totals' })
  .node('load', load, { inputs: { day: 'day', totals: 'totals' }, config: { retry: again } })
  .node('report', report, { config: { runs: 'always', retry: again } })
  .edge('shops', 'extract_scatter')
  .edge('extract_gather', 'load')
  .edge('load', 'report')

/** A shop is asked up to four times; `batch` of the builder takes no config, so the node that it makes gets it here. */
const withRetries: Flow = {
  getFunctionRegistry: () => nightly.getFunctionRegistry(),
  toBlueprint: () => {
    const blueprint = nightly.toBlueprint()
    const scatter = blueprint.nodes.find(({ id }) => id === 'extract_scatter')
    if (scatter) scatter.config = { retry: { maxAttempts: 4, delay: 200, backoff: 'exponential' } }
    return blueprint
  },
}

export const flows = defineFlows({ 'nightly-etl': withRetries })

/** For callers, which then know the ids: `new RunClient<Flows>()`. */
export type Flows = typeof flows

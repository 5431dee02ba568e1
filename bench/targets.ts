/** What issue 15 asked for, beside what it found then. Pure. */
import type { Extras } from './extras.ts'
import type { Row, Workers } from './rows.ts'

interface Target {
  readonly what: string
  readonly unit: string
  /** In the first measurement, of November 2026. */
  readonly before: number
  readonly atMost: number
}

interface RowTarget extends Target {
  readonly shape: string
  readonly variant: string
  readonly workers: Workers
  readonly figure: (row: Row) => number
}

interface ExtraTarget extends Target {
  readonly figure: (extras: Extras) => number | undefined
}

const writes = (row: Row) => row.writeUnits / row.nodes
const reads = (row: Row) => row.readUnits / row.nodes
const requests = (row: Row) => row.dynamodb / row.nodes
const WRITES = 'write units a node'
const READS = 'read units a node'

const of = (
  shape: string,
  [unit, figure]: readonly [string, RowTarget['figure']],
  [before, atMost]: readonly [number, number],
  variant = 'tiny',
): RowTarget => {
  const what = variant === 'tiny' ? shape : `${shape}, ${variant}`
  return { what, unit, before, atMost, shape, variant, workers: '5x10', figure }
}

const rowTargets: readonly RowTarget[] = [
  of('fan100', [WRITES, writes], [3.05, 2.1]),
  of('fan500', [WRITES, writes], [8, 3.3]),
  of('fan500', [READS, reads], [3, 1.1]),
  of('fan1000', [WRITES, writes], [16.2, 4.5]),
  of('lanes50', [WRITES, writes], [5.4, 2.2]),
  of('chain100', [WRITES, writes], [11, 1.7], 'keys10'),
  of('chain100', [WRITES, writes], [30.8, 3.1], 'keys30'),
  of('chain100', [READS, reads], [1, 0.05], '1kb'),
  // Two for a step: a value and a commit; a run's own are shared by its nodes.
  of('chain100', ['requests to DynamoDB a node', requests], [3, 2.2], '1kb'),
  of('chain100', [READS, reads], [15, 0.5], 'reads10'),
  of('batch1000', [WRITES, writes], [3.03, 3]),
  of('batch1000', [READS, reads], [2.05, 1.05]),
  of('batchtens100', [WRITES, writes], [3.03, 0.5]),
  of('batchtens100', [READS, reads], [2.05, 0.3]),
  of('batchtens1000', [WRITES, writes], [3.03, 0.5]),
  of('batchtens1000', [READS, reads], [2.05, 0.3]),
]

const extraTargets: readonly ExtraTarget[] = [
  {
    what: 'RunClient.get of a run of 100 values of 1 KB',
    unit: 'requests',
    before: 302,
    atMost: 25,
    figure: ({ getRequests }) => getRequests,
  },
  {
    what: 'chain10 started by the StartRun function',
    unit: '$ for a million nodes',
    before: 1.08,
    atMost: 0.95,
    figure: ({ startRunUsd }) => startRunUsd,
  },
  {
    what: 'CPU of the protocol a node, chain of 2,000 by chain of 100',
    unit: 'times',
    before: 5.9,
    atMost: 1.3,
    figure: ({ protocol }) => protocol && protocol.cpuMs2000 / protocol.cpuMs100,
  },
  {
    what: "the worker's cold start by that of two clients",
    unit: 'times',
    before: 1.46,
    atMost: 1.15,
    figure: ({ coldStart }) => {
      const [worker, bare] = ['worker', 'two clients'].map((id) => coldStart?.find((one) => one.id === id))
      return worker && bare && worker.readyMs / bare.readyMs
    },
  },
]

export interface Judged extends Target {
  /** Undefined: not measured this time. */
  readonly now: number | undefined
  readonly isReached: boolean
}

function judged({ what, unit, before, atMost }: Target, now: number | undefined): Judged {
  return { what, unit, before, atMost, now, isReached: now !== undefined && now <= atMost }
}

export function judge(rows: readonly Row[], extras: Extras): Judged[] {
  return [
    ...rowTargets.map((target) => {
      const row = rows.find(
        ({ shape, variant, workers }) =>
          shape === target.shape && variant === target.variant && workers === target.workers,
      )
      return judged(target, row && target.figure(row))
    }),
    ...extraTargets.map((target) => judged(target, target.figure(extras))),
  ]
}

/**
 * The one definition of the state table, for whoever creates it (the constructs, the local AWS, a migration) and
 * whoever uses it.
 */
import { createHash } from 'node:crypto'
import type { CreateTableCommandInput } from '@aws-sdk/client-dynamodb'
import type { RunState } from '../protocol/run-state.ts'

/** The state table: names of its keys, indexes and time to live, and the request that creates it. */
export const stateTable = {
  partitionKey: 'pk',
  sortKey: 'sk',
  /** Seconds since the epoch; DynamoDB deletes an item some time after it, so readers compare it as well. */
  timeToLiveAttribute: 'expiresAt',
  /** Runs whose timers the queue cannot hold, by the time at which they must be looked at. Keys only: a hint. */
  dueIndex: { name: 'due', partitionKey: 'y', sortKey: 'u' },
  /**
   * Runs by their start. It has what a list shows and nothing that a commit between start and end changes, which would
   * cost a unit each: blueprint, status, end, labels; and, for what is to come, the run that it was forked from, who
   * paused it, and how often it was redriven.
   */
  runIndex: {
    name: 'runs',
    partitionKey: 'k',
    sortKey: 't',
    projected: ['b', 's', 'z', 'tg', 'fk', 'pz', 'rd'],
  },

  /**
   * The table as a CreateTable request, for whoever does not use the CDK. Turn time to live on afterwards
   * (UpdateTimeToLive, attribute `expiresAt`): CreateTable cannot. With `runIndex: false` it lacks the index by which runs
   * are listed.
   */
  createInput(
    tableName: string,
    { runIndex = true }: { readonly runIndex?: boolean } = {},
  ): CreateTableCommandInput {
    const byStart = stateTable.runIndex
    return {
      TableName: tableName,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [
        { AttributeName: stateTable.partitionKey, AttributeType: 'S' },
        { AttributeName: stateTable.sortKey, AttributeType: 'S' },
        { AttributeName: stateTable.dueIndex.partitionKey, AttributeType: 'S' },
        { AttributeName: stateTable.dueIndex.sortKey, AttributeType: 'N' },
        ...(runIndex
          ? [
              { AttributeName: byStart.partitionKey, AttributeType: 'S' as const },
              { AttributeName: byStart.sortKey, AttributeType: 'N' as const },
            ]
          : []),
      ],
      GlobalSecondaryIndexes: [
        {
          IndexName: stateTable.dueIndex.name,
          KeySchema: [
            { AttributeName: stateTable.dueIndex.partitionKey, KeyType: 'HASH' },
            { AttributeName: stateTable.dueIndex.sortKey, KeyType: 'RANGE' },
          ],
          Projection: { ProjectionType: 'KEYS_ONLY' },
        },
        ...(runIndex
          ? [
              {
                IndexName: byStart.name,
                KeySchema: [
                  { AttributeName: byStart.partitionKey, KeyType: 'HASH' as const },
                  { AttributeName: byStart.sortKey, KeyType: 'RANGE' as const },
                ],
                Projection: {
                  ProjectionType: 'INCLUDE' as const,
                  NonKeyAttributes: [...byStart.projected],
                },
              },
            ]
          : []),
      ],
      KeySchema: [
        { AttributeName: stateTable.partitionKey, KeyType: 'HASH' },
        { AttributeName: stateTable.sortKey, KeyType: 'RANGE' },
      ],
    }
  },
} as const

/** A key may begin with a partition and a bar: then it is not in the run's own partition, which may be hot. */
function inPartition(runId: string, kind: string, key: string): { pk: string; sk: string } {
  const bar = key.indexOf('|')
  if (bar < 0) return { pk: `R#${runId}`, sk: `${kind}#${key}` }
  return { pk: `R#${runId}|${key.slice(0, bar)}`, sk: `${kind}#${key.slice(bar + 1)}` }
}

/** How partition keys begin, for policies: those of runs with all that belongs to them, of graphs, labels, and held runs. */
export const partitions = { runs: 'R#*', graphs: 'G#*', labels: 'L#*', held: 'H#*' } as const

/** Where each item lives. Nothing else in the package spells a key. */
export const keys = {
  run: (runId: string) => ({ pk: `R#${runId}`, sk: 'RUN' }),
  runIdOf: (pk: string) => pk.slice('R#'.length),
  /** Begins with the header's sort key, so that one query reads the header and all pages. */
  page: (runId: string, page: string) => ({ pk: `R#${runId}`, sk: `RUN#${page}` }),
  /** Behind the header as well; no page's name begins so. */
  pack: (runId: string, pack: number, name: string) => ({
    pk: `R#${runId}`,
    sk: `${packText(pack)}.${name}`,
  }),
  packs: (runId: string, first: number, last: number) => ({
    pk: `R#${runId}`,
    from: packText(first),
    to: `${packText(last)}~`,
  }),
  /**
   * Each strand's in a partition of its own: no query asks for leases, and the run's may be hot. In runs that older versions
   * began it is among the rest, where their workers look for it.
   */
  lease: ({ runId, format }: Pick<RunState, 'runId' | 'format'>, strand: string) =>
    format === undefined && !strand.includes('|')
      ? { pk: `R#${runId}|${strand}`, sk: 'LEASE' }
      : inPartition(runId, 'LEASE', strand),
  value: (runId: string, key: string) => inPartition(runId, 'VALUE', key),
  /** Entries of one label in one shard, in the order of time. */
  label: (partition: string, startedAt: number, runId: string) => ({
    pk: `L#${partition}`,
    sk: `${timeText(startedAt)}#${runId}`,
  }),
  arrivals: (runId: string, partition: string) => ({ pk: `R#${runId}|${partition}`, sk: 'ARRIVALS' }),
  graph: (blueprintId: string, fingerprint: string) => ({ pk: `G#${blueprintId}`, sk: fingerprint }),
  /** What is paused in a service. */
  pauses: (serviceName: string) => ({ pk: `S#${shortNameOf(serviceName)}`, sk: 'PAUSES' }),
  /** Entries of the runs that one pause of a blueprint holds. */
  held: (epoch: string, shard: number, runId: string) => ({ pk: `H#${epoch}#${shard}`, sk: `RUN#${runId}` }),
  heldRunIdOf: (sk: string) => sk.slice('RUN#'.length),
  coordination: (key: string) => ({ pk: `K#${key}`, sk: 'K' }),
  context: (contextId: string) => ({ pk: `C#${contextId}`, sk: 'C' }),
  contextValue: (contextId: string, key: string) => ({ pk: `C#${contextId}`, sk: `VALUE#${key}` }),
} as const

/** In the order of their numbers. */
function packText(pack: number): string {
  return `RUN#+${String(pack).padStart(9, '0')}`
}

const TIME_DIGITS = 15

/** A time whose text sorts as it does. */
function timeText(ms: number): string {
  return String(Math.min(Math.max(0, Math.trunc(ms)), 10 ** TIME_DIGITS - 1)).padStart(TIME_DIGITS, '0')
}

/** What the sort key of a label's entry says. */
export function parseLabelEntry(sk: string): { time: number; runId: string } {
  return { time: Number(sk.slice(0, TIME_DIGITS)), runId: sk.slice(TIME_DIGITS + 1) }
}

const DUE_SHARDS = 16

/**
 * Partition keys of the index of due runs, of the services that share a table each its own. A name of any length is eight
 * characters of the header.
 */
export function dueShardsOf(serviceName: string): readonly string[] {
  const name = shortNameOf(serviceName)
  return oldDueShards.map((shard) => `${shard}@${name}`)
}

/** Tells the services that share a table. */
export function shortNameOf(serviceName: string): string {
  return serviceName === '' ? '' : createHash('sha256').update(serviceName).digest('base64url').slice(0, 8)
}

/** What earlier versions of this package wrote, which knew no services. */
export const oldDueShards: readonly string[] = Array.from(
  { length: DUE_SHARDS },
  (_, shard) => `due#${shard}`,
)

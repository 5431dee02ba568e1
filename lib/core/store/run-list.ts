/**
 * Lists that runs stand in, newest first, each spread over shards, since one key takes some 1,000 writes a second. The
 * shard of a run follows from its id, so that a place in a list is a time and a run id. Pure.
 */
import type { RunStatus } from '../protocol/run-state.ts'

/** A list of runs that the table has. */
export type RunList =
  /** Runs by their start, those that are nobody's child. Where the table has the index of runs. */
  | { readonly kind: 'runs' }
  /** Failed runs by their end, those that are nobody's child. */
  | { readonly kind: 'failed' }
  /** Runs that were started with a label, by their start. A hint: a start that came to nothing leaves its entries. */
  | { readonly kind: 'label'; readonly name: string; readonly value: string }

/** A place in a list: behind the entry of this run. */
export interface ListPlace {
  /** Milliseconds since the epoch. */
  readonly time: number
  readonly runId: string
}

/** What the index of runs knows of a run, perhaps of a moment ago. */
export interface ListedRun {
  readonly blueprintId: string
  readonly status: RunStatus
  /** Milliseconds since the epoch. */
  readonly endedAt?: number
  readonly labels?: Readonly<Record<string, string>>
  readonly forkedFrom?: string
}

export interface ListEntry extends ListPlace {
  /** In the list of all runs only. */
  readonly run?: ListedRun
}

/** Which part of which list is read. */
export interface ListRead {
  readonly list: RunList
  readonly shard: number
  /** The entries' times, from and to both included, in milliseconds since the epoch. */
  readonly from: number
  readonly to: number
  /** Begins behind this entry, whose time is `to`. @default - with the newest */
  readonly after?: string
  /** Entries that are looked at, whether they are wanted or not. */
  readonly limit: number
  /** Those that are wanted, of the list of all runs. @default - all */
  readonly where?: ListFilter
}

/** Which entries of a list are wanted. */
export interface ListFilter {
  readonly blueprintId?: string
  readonly statuses?: readonly RunStatus[]
}

/** Some entries of a list, and where there are more. */
export interface ListPart {
  readonly entries: readonly ListEntry[]
  /** The last entry that was looked at, where there are more behind it. */
  readonly next?: ListPlace
}

const RUN_SHARDS = 16
/** Whoever looks for one order by its label asks all of them. */
const LABEL_SHARDS = 4

export function shardsOf({ kind }: RunList): number {
  return kind === 'label' ? LABEL_SHARDS : RUN_SHARDS
}

export function shardOf(list: RunList, runId: string): number {
  return hashOf(runId) % shardsOf(list)
}

/** FNV-1a, with MurmurHash3's last step, after which the low bits are as good as any. For ever: stored places rest on it. */
export function hashOf(text: string): number {
  let hash = 0x81_1c_9d_c5
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01_00_01_93)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85_eb_ca_6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2_b2_ae_35)
  return (hash ^ (hash >>> 16)) >>> 0
}

export function isWanted({ blueprintId, statuses }: ListFilter, run: ListedRun): boolean {
  return (
    (blueprintId === undefined || run.blueprintId === blueprintId) &&
    (statuses === undefined || statuses.includes(run.status))
  )
}

/**
 * What runs cost before there are any: the formula of docs/costs.md. Counts that follow from the protocol; a test compares them
 * with what was measured. What Lambda takes is an estimate: nothing here ran there. Pure.
 */
import { PRICES } from '../lib/core/common/prices.ts'
import { billedMsOf, USD_PER_LOG_BYTE } from './rows.ts'

export interface Workload {
  /** Nodes of a run that are executed, those of loops each time, without items of batches. @default 10 */
  readonly nodes?: number
  /** Messages of a run: one, and one for each branch that something splits into, each timer, each child run. @default 1 */
  readonly messages?: number
  /** Of all its batches. They have messages besides. @default 0 */
  readonly items?: number
  /** As the scatter node says it. @default 1 */
  readonly itemsPerMessage?: number
  /** Messages that come together, from 1 to 10: many while much is under way, one while little is. @default 1 */
  readonly perInvocation?: number
  /** Bytes of what a node gives, as JSON. @default 100 */
  readonly outputBytes?: number
  /** @default 'timings', as `FlowcraftService` has it */
  readonly history?: 'none' | 'timings'
  /** Whether the end of a run is told on an event bus. @default true */
  readonly bus?: boolean
  /** MB of the worker's function. @default 512 */
  readonly memoryMb?: number
  /** Milliseconds that a node's own work takes. @default 0 */
  readonly nodeMs?: number
}

/** Of one run. */
export interface Bill {
  readonly writeUnits: number
  readonly readUnits: number
  /** Requests: sends, receives and deletes. */
  readonly sqs: number
  readonly invocations: number
  readonly billedMs: number
  readonly logBytes: number
  /** US dollars. */
  readonly usd: {
    readonly dynamodb: number
    readonly sqs: number
    readonly eventbridge: number
    readonly lambda: number
    readonly logs: number
    readonly all: number
  }
}

const KB = 1_024
/** More than this is an item of its own. */
const INLINE_BYTES = 256
/** Values from 1 KB on are compressed, JSON to about this part. */
const COMPRESSED = 0.5
/** The header, and its entry in the index of runs at its start and at its end. */
const RUN_WRITES = 3
/** Of a message for items: a lease, their results, and that they arrived. */
const ITEM_WRITES = 3
/** It looks at its run. */
const ITEM_READS = 1
const SENT_TOGETHER = 10
/** Measured: `npm run bench` has them for each shape. */
const CPU_MS_OF_A_REQUEST = 2
const LOG_BYTES = { node: 10, invocation: 450 }

export function billOf(workload: Workload = {}): Bill {
  const { nodes = 10, messages = 1, items = 0, perInvocation = 1, outputBytes = 100 } = workload
  const { itemsPerMessage = 1 } = workload
  const { history = 'timings', bus = true, memoryMb = 512, nodeMs = 0 } = workload
  const kept = keptBytes(outputBytes)
  const ofItems = items / itemsPerMessage
  const all = messages + ofItems
  const invocations = all / perInvocation
  const outputs = (nodes + ofItems) * (kept === 0 ? 0 : 1)
  const notes = history === 'none' ? 0 : invocations
  const writes = RUN_WRITES + messages + nodes + ITEM_WRITES * ofItems + notes + (bus ? 1 : 0)
  const ofResults = Math.max(0, Math.ceil((kept * itemsPerMessage) / KB) - 1)
  const writeUnits = writes + Math.ceil(kept / KB) * nodes + ofResults * ofItems
  // Who goes on with its own output has it; another process reads what a branch begins with.
  const readUnits = messages + ITEM_READS * ofItems + Math.ceil(kept / (4 * KB)) * (messages - 1)
  const sends = 1 + Math.ceil((all - 1) / SENT_TOGETHER)
  const sqs = sends + 2 * invocations
  const requests = writes + outputs + readUnits
  const own = nodeMs * (nodes + items)
  const billedMs =
    own + billedMsOf({ dynamodb: requests, sends, cpuMs: requests * CPU_MS_OF_A_REQUEST }, memoryMb)
  const logBytes = LOG_BYTES.node * nodes + LOG_BYTES.invocation * invocations
  const parts = {
    dynamodb: writeUnits * PRICES.dynamodb.writeUnit + readUnits * PRICES.dynamodb.readUnit,
    sqs: sqs * PRICES.sqs.request,
    eventbridge: bus ? PRICES.eventbridge.event : 0,
    lambda:
      invocations * PRICES.lambda.request + (billedMs / 1_000) * (memoryMb / 1_024) * PRICES.lambda.gbSecond,
    logs: logBytes * USD_PER_LOG_BYTE,
  }
  const usd = { ...parts, all: Object.values(parts).reduce((sum, part) => sum + part, 0) }
  return { writeUnits, readUnits, sqs, invocations, billedMs, logBytes, usd }
}

/** Bytes that stand outside the header. */
function keptBytes(bytes: number): number {
  if (bytes <= INLINE_BYTES) return 0
  return bytes < KB ? bytes : Math.max(KB / 2, bytes * COMPRESSED)
}

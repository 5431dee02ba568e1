/** What one measurement found, and what follows from it. Pure. */
import { PRICES } from '../lib/core/common/prices.ts'

/** Invocations at a time, and the most messages of each. */
export const WORKERS = ['10x1', '5x10'] as const
export type Workers = (typeof WORKERS)[number]

/** Of one run, from its start to its end: requests, units, times. */
export interface Row {
  readonly shape: string
  readonly variant: string
  readonly workers: Workers
  /** What costs are divided by: executions of nodes, of a batch its items. */
  readonly nodes: number
  readonly status: string
  /** Requests to each service; to SQS with the receive and the delete of each invocation, which Lambda makes. */
  readonly dynamodb: number
  readonly sqs: number
  readonly s3: number
  readonly writeUnits: number
  readonly readUnits: number
  /** Of DynamoDB, SQS and S3, at list prices. */
  readonly usdPerMillionNodes: number
  readonly wallMs: number
  /** Of the worker's process. */
  readonly cpuMs: number
  /** Requests to SQS that are neither receives nor deletes. */
  readonly sends: number
  /** Writes that a condition refused; their units are in `writeUnits`. */
  readonly refused: number
  readonly invocations: number
  readonly logBytes: number
}

/** What a function is paid for, in US dollars for a million nodes. An estimate: nothing here ran in Lambda. */
export interface Estimate {
  /** Milliseconds that a function is billed for a node whose own work takes none. */
  readonly billedMs: number
  readonly lambda: number
  readonly logs: number
  /** With what the services are paid. */
  readonly all: number
}

/** The default of the constructs, and the part of a processor that it has. */
const MEMORY_MB = 512
const MB_OF_A_PROCESSOR = 1_769
/** What a request takes inside a region, in milliseconds. */
const DYNAMODB_MS = 4
const SEND_MS = 8
/** US dollars for a byte: CloudWatch Logs takes $0.50 for a GB. https://aws.amazon.com/cloudwatch/pricing/ (November 2026, us-east-1) */
export const USD_PER_LOG_BYTE = 0.5 / 1e9

const MILLION = 1_000_000

/** Requests one after the other, and the CPU of this computer at the part of a processor that the memory buys. */
export function billedMsOf(
  { dynamodb, sends, cpuMs }: Pick<Row, 'dynamodb' | 'sends' | 'cpuMs'>,
  memoryMb: number,
): number {
  return dynamodb * DYNAMODB_MS + sends * SEND_MS + cpuMs / Math.min(1, memoryMb / MB_OF_A_PROCESSOR)
}

export function estimateOf(row: Row, memoryMb = MEMORY_MB): Estimate {
  const { nodes, invocations, logBytes } = row
  const billedMs = billedMsOf(row, memoryMb) / nodes
  const gbSeconds = (billedMs / 1_000) * (memoryMb / 1_024)
  const { request, gbSecond } = PRICES.lambda
  const lambda = MILLION * ((invocations / nodes) * request + gbSeconds * gbSecond)
  const logs = MILLION * (logBytes / nodes) * USD_PER_LOG_BYTE
  return { billedMs, lambda, logs, all: row.usdPerMillionNodes + lambda + logs }
}

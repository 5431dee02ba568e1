/**
 * The worker function in a process of its own, as Lambda would run it, but for all invocations of a measurement: those
 * at a time are worked on side by side. What it logs is counted and not shown.
 */
import type { Context, SQSEvent, SQSBatchResponse } from 'aws-lambda'
import { createWorkerHandler, type WorkerHandler } from '../lib/index.ts'
import { registrationOf } from './registration.ts'

export type ToWorker =
  | { readonly kind: 'prepare'; readonly shape: string; readonly variant: string; readonly places: Places }
  | { readonly kind: 'invoke'; readonly id: number; readonly event: SQSEvent }
  | { readonly kind: 'report' }

export interface Places {
  readonly queueUrl: string
  readonly deadLetterQueueUrl: string
  readonly tableName: string
}

export type FromWorker =
  | { readonly kind: 'prepared' }
  | { readonly kind: 'answer'; readonly id: number; readonly answer: SQSBatchResponse }
  | ({ readonly kind: 'report' } & WorkerReport)

export interface WorkerReport {
  /** Since the process began. */
  readonly cpuMs: number
  readonly logBytes: number
}

const TIMEOUT_MS = 60_000

let handler: WorkerHandler | undefined
let logBytes = 0

process.stdout.write = (chunk: Uint8Array | string) => {
  logBytes += Buffer.byteLength(chunk)
  return true
}

function answer(message: FromWorker): void {
  process.send?.(message)
}

async function take(message: ToWorker): Promise<void> {
  if (message.kind === 'prepare') {
    const { shape, variant, places } = message
    handler = createWorkerHandler({ ...registrationOf(shape, variant), ...places, metricsNamespace: 'Bench' })
    return answer({ kind: 'prepared' })
  }
  if (message.kind === 'report') {
    const { user, system } = process.cpuUsage()
    return answer({ kind: 'report', cpuMs: (user + system) / 1000, logBytes })
  }
  const end = Date.now() + TIMEOUT_MS
  const context = {
    getRemainingTimeInMillis: () => end - Date.now(),
    functionName: 'bench',
    awsRequestId: String(message.id),
  } as Context
  if (!handler) throw new Error('an event came before the worker was prepared')
  answer({ kind: 'answer', id: message.id, answer: await handler(message.event, context) })
}

process.on('message', (message: ToWorker) => void take(message))
process.on('disconnect', () => process.exit())

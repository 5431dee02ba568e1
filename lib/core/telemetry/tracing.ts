/**
 * One trace for a run: a run keeps the trace that it was started in, and each message that is worked on is a segment of
 * it, whose jobs come after it. Lambda gives each invocation a trace of its own, since its messages may be of many runs,
 * and links it to theirs; so the segments are sent from here.
 */
import { randomBytes } from 'node:crypto'
import {
  currentTrace,
  inTrace,
  parseTraceHeader,
  type TraceContext,
  traceOfInvocation,
  type TraceScope,
  traceScope,
} from '../common/trace-context.ts'
import type { RunState } from '../protocol/run-state.ts'
import { daemonAddress, XRayDaemon } from './xray-daemon.ts'

/** X-Ray takes so many characters of one. A run's id has at most 900. */
const LONGEST_ANNOTATION = 1_000

/** What is said of a message. */
export interface TracedMessage {
  readonly runId: string
  readonly blueprintId: string
  readonly nodeId?: string
  readonly traceHeader?: string
}

export class Tracing {
  readonly #daemon: XRayDaemon | undefined
  readonly #now: () => number

  /** `daemon` is as in AWS_XRAY_DAEMON_ADDRESS. Without one there are no segments, and jobs come after the run's start. */
  constructor(daemon = process.env['AWS_XRAY_DAEMON_ADDRESS'], now: () => number = Date.now) {
    const address = daemonAddress(daemon)
    this.#daemon = address && new XRayDaemon(address)
    this.#now = now
  }

  /** Works on a message in its trace, which `follow` may correct. Changes nothing of what the work does. */
  async segment<T>(message: TracedMessage, work: () => Promise<T>): Promise<T> {
    // Lambda runs the daemon for sampled invocations: what comes after a segment that is lost would come after nothing.
    const isHeard = this.#daemon !== undefined && traceOfInvocation()?.isSampled !== false
    const id = isHeard ? randomBytes(8).toString('hex') : undefined
    const segment = new Segment(parseTraceHeader(message.traceHeader) ?? currentTrace(), id)
    const startedAt = this.#now()
    let failed = true
    try {
      const result = await inTrace(segment, work)
      failed = false
      return result
    } finally {
      await this.#send(segment, { message, startedAt, failed })
    }
  }

  /** The trace of a run, from now on in the present segment: whoever sent its message may have been in another. */
  follow({ trace }: Pick<RunState, 'trace'>): void {
    const scope = traceScope()
    const kept = unpackTrace(trace)
    if (kept && scope instanceof Segment) scope.follow(kept)
  }

  /**
   * Sends messages of a run for somebody who is not part of it, as the sweep. Those of a run that is not recorded are
   * not recorded either, whatever becomes of the sender.
   */
  forRun<T>({ trace }: Pick<RunState, 'trace'>, work: () => T): T {
    const own = currentTrace()
    return inTrace({ context: unpackTrace(trace) ?? (own && { ...own, isSampled: false }) }, work)
  }

  /** What a run that is started now keeps of its trace; nothing where that is not recorded. */
  kept(): string | undefined {
    const context = currentTrace()
    return context?.isSampled ? packTrace(context) : undefined
  }

  async #send(
    { origin, id }: Segment,
    { message, startedAt, failed }: { message: TracedMessage; startedAt: number; failed: boolean },
  ): Promise<void> {
    if (!this.#daemon || id === undefined || !origin?.isSampled) return
    const { runId, blueprintId, nodeId } = message
    const node: Record<string, string> =
      nodeId === undefined ? {} : { node_id: nodeId.slice(0, LONGEST_ANNOTATION) }
    await this.#daemon.send({
      name: segmentName(blueprintId),
      id,
      trace_id: origin.traceId,
      ...(origin.parentId === undefined ? {} : { parent_id: origin.parentId }),
      start_time: startedAt / 1000,
      end_time: this.#now() / 1000,
      ...(failed ? { fault: true } : {}),
      annotations: { run_id: runId, ...node },
    })
  }
}

/** As `forRun`, where there is tracing. */
export function inTraceOf<T>(tracing: Tracing | undefined, run: Pick<RunState, 'trace'>, work: () => T): T {
  return tracing ? tracing.forRun(run, work) : work()
}

/** A message under way. */
class Segment implements TraceScope {
  /** Undefined where no segment is sent. */
  readonly id: string | undefined
  #origin: TraceContext | undefined

  constructor(origin: TraceContext | undefined, id: string | undefined) {
    this.#origin = origin
    this.id = id
  }

  /** What it comes after. */
  get origin(): TraceContext | undefined {
    return this.#origin
  }

  /** Where what it sends is: after it, if it is recorded. */
  get context(): TraceContext | undefined {
    const origin = this.#origin
    return origin?.isSampled && this.id !== undefined ? { ...origin, parentId: this.id } : origin
  }

  follow(kept: TraceContext): void {
    if (this.#origin?.traceId !== kept.traceId || !this.#origin.isSampled) this.#origin = kept
  }
}

/** As the header of a run keeps it: only traces that are recorded are kept. */
function packTrace({ traceId, parentId = '' }: TraceContext): string {
  return `${traceId}:${parentId}`
}

function unpackTrace(text: string | undefined): TraceContext | undefined {
  const [traceId = '', parentId = ''] = (text ?? '').split(':')
  return parseTraceHeader(`Root=${traceId};Parent=${parentId};Sampled=1`)
}

/** X-Ray takes 200 characters, and these. */
function segmentName(blueprintId: string): string {
  return blueprintId.replaceAll(/[^\p{L}\p{N}\p{Z}_.:/%&#=+\\\-@]/gu, '_').slice(0, 200)
}

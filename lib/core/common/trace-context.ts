/**
 * The trace that work belongs to, as X-Ray's tracing header says it, and which one that is now.
 * https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader
 */
import { AsyncLocalStorage } from 'node:async_hooks'

/** Where in a trace somebody is. */
export interface TraceContext {
  /** `1-<8 hexadecimal digits>-<24 of them>` */
  readonly traceId: string
  /** Segment that caused the work: 16 hexadecimal digits. */
  readonly parentId?: string
  /** Whether the trace is recorded; undefined where nobody has decided. */
  readonly isSampled?: boolean
}

const TRACE_ID = /^1-[0-9a-f]{8}-[0-9a-f]{24}$/i
const SEGMENT_ID = /^[0-9a-f]{16}$/i
/** Ours has 74 characters, Lambda's some 130. */
const LONGEST_HEADER = 1_000

/** Anybody may send anything: what is no trace header is none, and what is wrong of one is left out. */
export function parseTraceHeader(header: unknown): TraceContext | undefined {
  if (typeof header !== 'string' || header.length > LONGEST_HEADER) return undefined
  const fields = new Map(
    header.split(';').map((field): [string, string] => {
      const [name = '', value = ''] = field.split('=', 2)
      return [name.trim().toLowerCase(), value.trim()]
    }),
  )
  const [traceId = '', parentId = '', sampled] = ['root', 'parent', 'sampled'].map((name) => fields.get(name))
  if (!TRACE_ID.test(traceId)) return undefined
  return {
    traceId,
    ...(SEGMENT_ID.test(parentId) ? { parentId } : {}),
    ...(sampled === '1' || sampled === '0' ? { isSampled: sampled === '1' } : {}),
  }
}

export function formatTraceHeader({ traceId, parentId, isSampled }: TraceContext): string {
  const parent = parentId === undefined ? '' : `;Parent=${parentId}`
  return `Root=${traceId}${parent}${isSampled === undefined ? '' : `;Sampled=${isSampled ? 1 : 0}`}`
}

/** What asks for the trace while work is under way; it may turn out later which one that is. */
export interface TraceScope {
  readonly context: TraceContext | undefined
}

const scopes = new AsyncLocalStorage<TraceScope>()

export function inTrace<T>(scope: TraceScope, work: () => T): T {
  return scopes.run(scope, work)
}

/** The scope of the work that asks. */
export function traceScope(): TraceScope | undefined {
  return scopes.getStore()
}

/** The trace of the work that asks; outside of any, the one of this Lambda invocation. */
export function currentTrace(): TraceContext | undefined {
  const scope = scopes.getStore()
  return scope ? scope.context : traceOfInvocation()
}

/**
 * The trace of this Lambda invocation; undefined outside Lambda. It stands where the SDK looks for it: a function that
 * serves several invocations at a time has it in its store only.
 */
export function traceOfInvocation(): TraceContext | undefined {
  const { awslambda } = globalThis as {
    awslambda?: { InvokeStore?: { getXRayTraceId?(): unknown } }
  }
  return parseTraceHeader(awslambda?.InvokeStore?.getXRayTraceId?.() ?? process.env['_X_AMZN_TRACE_ID'])
}

/**
 * The X-Ray tracing header (`Root=...;Parent=...;Sampled=...`) of the work that asks. In a node of a worker with
 * `tracing`, the run's; elsewhere in Lambda, the invocation's. For a request to somebody else, or for OpenTelemetry,
 * whose X-Ray propagator extracts it from a carrier `{ 'x-amzn-trace-id': currentTraceHeader() }`. Undefined where
 * there is none.
 * @example
 * const header = currentTraceHeader()
 * await fetch(url, { headers: header === undefined ? {} : { 'x-amzn-trace-id': header } })
 */
export function currentTraceHeader(): string | undefined {
  const context = currentTrace()
  return context && formatTraceHeader(context)
}

/**
 * Does some work as part of a trace: a run that `RunClient` or `SqsAdapter` with `tracing` starts or resumes meanwhile
 * is part of it. For programs outside Lambda, which have a trace of their own.
 *
 * @param header - X-Ray's tracing header; what is not of its form counts as none
 *
 * @example
 * await withTraceHeader(header, () => client.start({ blueprintId: 'order' }))
 */
export function withTraceHeader<T>(header: string | undefined, work: () => T): T {
  return inTrace({ context: parseTraceHeader(header) }, work)
}

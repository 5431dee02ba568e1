/**
 * What an activation leaves: its output, the keys its user code set, inputs that edges transformed, its error.
 * Small values become riders of the commit; larger ones are written here, before it, under the activation and the
 * attempt. A crash after such a write leaves a value that no committed pointer names.
 */
import { createHash } from 'node:crypto'
import type { Write } from '../context/activation-context.ts'
import { FlowcraftAwsError } from '../errors.ts'
import type { Execution } from '../execute.ts'
import type { RunGraph } from '../graph.ts'
import type { Batch } from '../items/batch.ts'
import { type ActivationKey, parseActivationKey } from '../run-state.ts'
import { formatRider, names } from './rider.ts'
import { RIDER_BYTES, type ValueStore } from './value-store.ts'

export interface FlushRequest {
  readonly graph: RunGraph
  readonly runId: string
  readonly key: ActivationKey
  readonly attempt: number
  readonly execution: Execution
  readonly writes: ReadonlyMap<string, Write>
  readonly now: number
  readonly batch?: Batch
  /** What earlier rounds gave: see `RunReader.keptFor`. By target node; undefined where it is to be kept no longer. */
  readonly kept?: ReadonlyMap<number, string | undefined>
}

/** What the engine notes of awaiting nodes; the header says it better. */
const ENGINE_KEYS: ReadonlySet<string> = new Set(['_awaitingNodeIds', '_awaitingDetails'])

/** The riders of a commit. @throws FlowcraftAwsError VALUE_NOT_SERIALIZABLE, before anything is written */
export async function flush(values: ValueStore, request: FlushRequest): Promise<Map<string, string>> {
  const { graph, key, execution } = request
  const { node } = parseActivationKey(key)
  const { id } = graph.node(node)
  const riders = new RiderWriter(values, request.runId, key, (_, slot) => `${request.attempt}.${slot}`)
  const isRepeatable = graph.repeatable.has(node)
  // An undefined output needs no value of its own, unless an earlier round left another.
  if (execution.output && (execution.output.value !== undefined || isRepeatable)) {
    riders.set(names.output(node), execution.output.value, `the output of node '${id}'`)
  }
  // In memory one that completes without any result has no output, not even an undefined one.
  if (execution.outcome.kind === 'completed' && !execution.output && !isRepeatable) {
    riders.delete(names.output(node))
  }
  for (const [target, { changed, overrides }] of execution.inputs) {
    const name = names.input(target, node)
    if (changed) {
      riders.set(name, changed.value, `the input that node '${id}' gives '${graph.node(target).id}'`)
    } else if (overrides) {
      riders.delete(name)
    }
    if (graph.inputs.of(target).by === 'note') riders.note(names.source(target), `${node}`)
  }
  for (const [target, text] of request.kept ?? []) {
    if (text === undefined) riders.delete(names.kept(target, node))
    else riders.copy(names.kept(target, node), text)
  }
  if (request.batch) riders.set(names.batch(node), request.batch, `the batch of node '${id}'`)
  for (const [at, error] of (execution.itemErrors ?? []).entries()) {
    riders.set(names.error(key, at), error, `the error of an item of node '${id}'`)
  }
  if (execution.child) riders.set(names.child(key), execution.child, `the input of subflow '${id}'`)
  for (const [name, write] of request.writes) {
    if (ENGINE_KEYS.has(name)) continue
    if (write === 'deleted') riders.delete(names.user(name))
    else riders.set(names.user(name), write.value, `context key '${name}' set by node '${id}'`)
  }
  // As in memory: the failure of a node whose fallback stands in is in the log, not among the run's errors.
  if (execution.outcome.kind === 'failed' && !execution.itemErrors) {
    riders.set(names.error(key), errorRecord(id, execution.error, request.now), `the error of node '${id}'`)
  }
  return riders.write()
}

/**
 * The riders of a run's initial context. Large values are named by their content, as starts of one run id may come
 * with different inputs: only one of them becomes the run, and the others must not change its values.
 */
export async function inputRiders(
  values: ValueStore,
  runId: string,
  input: Record<string, unknown>,
): Promise<Map<string, string>> {
  const riders = new RiderWriter(values, runId, '', contentNumber)
  for (const [name, value] of Object.entries(input)) riders.set(names.user(name), value, `input '${name}'`)
  return riders.write()
}

/** A text as a number, since that is what names a value behind its writer. */
function contentNumber(text: string): string {
  return BigInt(`0x${createHash('sha256').update(text).digest('hex').slice(0, 32)}`).toString()
}

/** Small values of one activation ride up to so many bytes; the others are stored on their own, as large ones are. */
const RIDING_BYTES = 48 * 1024
/** Names and pointers stand in the header, which may have 400 KB: 5,000 active nodes take 260 of them. */
const HEADER_BYTES = 130 * 1024
/** At most: a pointer to a value of the input holds a hash. */
const POINTER_BYTES = 60
/** Values written at a time. */
const CONCURRENCY = 25

class RiderWriter {
  readonly #riders = new Map<string, string>()
  readonly #large: { name: string; text: string }[] = []
  #riding = 0

  readonly #values: ValueStore
  readonly #runId: string
  readonly #writer: ActivationKey | ''
  readonly #nameOf: (text: string, slot: number) => string

  constructor(
    values: ValueStore,
    runId: string,
    writer: ActivationKey | '',
    nameOf: (text: string, slot: number) => string,
  ) {
    this.#values = values
    this.#runId = runId
    this.#writer = writer
    this.#nameOf = nameOf
  }

  set(name: string, value: unknown, what: string): void {
    if (value === undefined) return this.#ride(name, 'u', '')
    const text = this.#values.encode(value, what)
    const bytes = Buffer.byteLength(text)
    if (bytes > RIDER_BYTES || this.#riding + bytes > RIDING_BYTES) {
      this.#large.push({ name, text })
    } else {
      this.#riding += bytes
      this.#ride(name, '=', text)
    }
  }

  delete(name: string): void {
    this.#ride(name, '-', '')
  }

  /** The same value under another name, as its writer wrote it. */
  copy(name: string, text: string): void {
    this.#riders.set(name, text)
  }

  note(name: string, text: string): void {
    this.#ride(name, '=', text)
  }

  async write(): Promise<Map<string, string>> {
    const names = [...this.#riders.keys(), ...this.#large.map(({ name }) => name)]
    const bytes = names.reduce((sum, name) => sum + Buffer.byteLength(name) + POINTER_BYTES, this.#riding)
    if (bytes > HEADER_BYTES) {
      const what = `${names.length} keys at once need ${bytes} bytes; at most ${HEADER_BYTES}`
      throw new FlowcraftAwsError('VALUE_NOT_SERIALIZABLE', `too many context keys: ${what}`)
    }
    for (let at = 0; at < this.#large.length; at += CONCURRENCY) {
      await Promise.all(
        this.#large.slice(at, at + CONCURRENCY).map(async ({ name, text }, index) => {
          const key = this.#nameOf(text, at + index)
          const reference = await this.#values.write(this.#runId, `${this.#writer}#${key}`, text)
          this.#ride(name, '@', `${key}${reference}`)
        }),
      )
    }
    return this.#riders
  }

  #ride(name: string, kind: '=' | '@' | 'u' | '-', body: string): void {
    this.#riders.set(name, formatRider({ writer: this.#writer, kind, body }))
  }
}

/** An error as a run keeps it, in the shape of the engine's `WorkflowError`. */
export interface ErrorRecord {
  readonly name: string
  readonly message: string
  readonly nodeId: string
  readonly isFatal: false
  /** ISO 8601. */
  readonly timestamp: string
  readonly originalError: ErrorCause
}

export interface ErrorCause {
  readonly name: string
  readonly message: string
  readonly stack?: string
  readonly cause?: ErrorCause
}

/** Deeper causes than this are left out. */
const CAUSES = 5
const STACK_CHARACTERS = 2_000

export function errorRecord(nodeId: string, error: Error | undefined, now: number): ErrorRecord {
  return {
    name: 'FlowcraftError',
    message: error?.message ?? 'the node failed without an error',
    nodeId,
    isFatal: false,
    timestamp: new Date(now).toISOString(),
    originalError: describe(error, CAUSES),
  }
}

function describe(error: unknown, depth: number): ErrorCause {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error) }
  const { name, message, stack, cause } = error
  return {
    name,
    message,
    stack: stack?.slice(0, STACK_CHARACTERS),
    ...(cause === undefined || depth === 0 ? {} : { cause: describe(cause, depth - 1) }),
  }
}

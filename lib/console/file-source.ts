/** The console's answers from a file that it wrote, of one run. */
import { readFile } from 'node:fs/promises'
import * as v from 'valibot'
import { FlowcraftAwsError } from '../core/common/errors.ts'
import type { FailuresRequest } from '../core/run/failures.ts'
import { messageOf } from '../core/common/errors.ts'
import { ConsoleError } from './problem.ts'
import { ERRORS_AT_MOST, valueView } from './run-views.ts'
import type { ConsoleSource } from './source.ts'
import type {
  BlueprintsView,
  BlueprintView,
  ContextView,
  FailuresView,
  GraphView,
  LogsView,
  NodeView,
  RunFile,
  RunRow,
  RunView,
  ServiceView,
  ValueView,
} from './views.ts'

/** What is shown is text, so that no more is asked of the rest. */
const runFile = v.looseObject({
  format: v.literal('flowcraft-aws run 1'),
  savedAt: v.string(),
  run: v.looseObject({
    runId: v.string(),
    blueprintId: v.string(),
    status: v.picklist(['running', 'awaiting', 'paused', 'completed', 'failed', 'cancelled']),
    progress: v.array(v.looseObject({ nodeId: v.string(), state: v.string() })),
    startedAt: v.string(),
  }),
  graph: v.optional(
    v.looseObject({
      blueprintId: v.string(),
      nodes: v.array(v.looseObject({ id: v.string(), uses: v.string() })),
      edges: v.array(v.looseObject({ source: v.string(), target: v.string() })),
    }),
  ),
  context: v.record(v.string(), v.unknown()),
  errors: v.array(v.looseObject({ message: v.string() })),
  history: v.array(v.looseObject({ type: v.string() })),
})

/** @throws FlowcraftAwsError INVALID_INPUT where it is no such file */
export async function readRunFile(path: string): Promise<RunFile> {
  const what = `cannot open '${path}'`
  let parsed: unknown
  try {
    parsed = JSON.parse(await readFile(path, 'utf8'))
  } catch (cause) {
    throw new FlowcraftAwsError('INVALID_INPUT', `${what}: ${messageOf(cause)}`, { cause })
  }
  const result = v.safeParse(runFile, parsed)
  if (result.success) return parsed as RunFile
  const [issue] = result.issues
  const where = v.getDotPath(issue) ?? 'the file'
  throw new FlowcraftAwsError(
    'INVALID_INPUT',
    `${what}: it is no file of a run that the console saved: ${where}: ${issue.message}`,
  )
}

export class FileSource implements ConsoleSource {
  readonly service: Omit<ServiceView, 'services'>
  readonly #file: RunFile

  constructor(file: RunFile, service: Omit<ServiceView, 'services' | 'kind' | 'writable' | 'runId'>) {
    this.#file = file
    this.service = { ...service, kind: 'file', writable: false, runId: file.run.runId }
  }

  async runs() {
    const { runId, blueprintId, status, labels, forkedFrom, startedAt, endedAt } = this.#file.run
    const row: RunRow = { runId, blueprintId, status, labels, forkedFrom, startedAt, endedAt }
    return { runs: [row] }
  }

  async costs(runIds: readonly string[]) {
    const { runId, cost } = this.#file.run
    return { usd: cost && runIds.includes(runId) ? { [runId]: cost.usd } : {} }
  }

  async failures(_request: FailuresRequest): Promise<FailuresView> {
    return { groups: [], runs: 0 }
  }

  async run(runId: string): Promise<RunView> {
    return this.#of(runId).run
  }

  async *watch(runId: string): AsyncGenerator<RunView, void, undefined> {
    yield this.#of(runId).run
  }

  async graph(runId: string): Promise<GraphView | undefined> {
    return this.#of(runId).graph
  }

  async history(runId: string) {
    return { entries: this.#of(runId).history, more: 0 }
  }

  async context(runId: string): Promise<ContextView> {
    const entries = Object.entries(this.#of(runId).context)
    return { keys: entries.map(([key, value]) => ({ key, ...valueView(value, { folds: true }) })) }
  }

  async value(runId: string, key: string): Promise<ValueView | undefined> {
    return this.#value(runId, key, false)
  }

  async node(runId: string, nodeId: string): Promise<NodeView> {
    const own = this.#of(runId).errors.filter((error) => error.nodeId === nodeId)
    const input = this.#value(runId, `_inputs.${nodeId}`, true)
    const output = this.#value(runId, `_outputs.${nodeId}`, true)
    return {
      nodeId,
      ...(input ? { input } : {}),
      ...(output ? { output } : {}),
      errors: own.slice(0, ERRORS_AT_MOST),
      moreErrors: Math.max(0, own.length - ERRORS_AT_MOST),
    }
  }

  #value(runId: string, key: string, folds: boolean): ValueView | undefined {
    const { context } = this.#of(runId)
    return Object.hasOwn(context, key) ? valueView(context[key], { folds }) : undefined
  }

  async logs(): Promise<LogsView> {
    return { lines: [], unavailable: 'a file has no log lines' }
  }

  async diagram(): Promise<string | undefined> {
    return undefined
  }

  async file(runId: string): Promise<RunFile> {
    return this.#of(runId)
  }

  async blueprints(): Promise<BlueprintsView> {
    return { blueprints: [] }
  }

  async blueprint(): Promise<BlueprintView | undefined> {
    return undefined
  }

  async deadLetters() {
    return { letters: [] }
  }

  #of(runId: string): RunFile {
    if (runId === this.#file.run.runId) return this.#file
    throw new ConsoleError(404, 'RUN_NOT_FOUND', `the file is of run '${this.#file.run.runId}' only`)
  }
}

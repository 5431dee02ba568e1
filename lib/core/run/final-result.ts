/** What is published in this process of a run that has ended: by `publishFinalResult`, and on the event bus. */
import type { FlowcraftEvent, ISerializer, WorkflowResult } from 'flowcraft'
import type { Services } from '../execution/services.ts'
import type { RunState } from '../protocol/run-state.ts'
import type { ErrorCause } from '../values/error-record.ts'
import { describeRun, type RunDescription } from './describe.ts'
import { graphUnlessLost } from './lost-blueprint.ts'

/** As the engine's base adapter has it, which knows no 'cancelled'. */
export interface FinalResult {
  readonly status: 'completed' | 'failed'
  readonly payload?: WorkflowResult
  readonly reason?: string
}

export async function finalResult(
  { graphs, store, values }: Pick<Services, 'graphs' | 'store' | 'values'>,
  serializer: ISerializer,
  run: RunState,
): Promise<{ result: FinalResult; event: FlowcraftEvent }> {
  const graph = run.graph === undefined ? undefined : await graphUnlessLost({ graphs }, run)
  const described = await describeRun({ run, graph, store, values, serializer })
  const { context, errors } = described
  const status = run.status === 'completed' ? 'completed' : 'failed'
  const payload = {
    context,
    serializedContext: serializer.serialize(context),
    status,
    errors,
  } as WorkflowResult
  const { blueprintId, runId: executionId } = run
  return {
    result: { status, payload, ...(status === 'failed' ? { reason: whyFailed(described) } : {}) },
    event: {
      type: 'workflow:finish',
      payload: { blueprintId, executionId, status: run.status, errors: payload.errors },
    },
  }
}

function whyFailed({ status, reason, errors = [], nodes }: RunDescription): string {
  if (reason !== undefined) return reason
  if (status === 'cancelled') return 'the run was cancelled'
  // Not an error that a fallback made good.
  const error = errors.find(({ nodeId }) => nodes.failed.includes(nodeId)) ?? errors[0]
  if (!error) return 'the run failed without an error'
  let why = error.message
  // The engine's own error says which node failed; its causes say why.
  for (let cause: ErrorCause | undefined = error.originalError; cause; cause = cause.cause) {
    if (!why.includes(cause.message)) why += `: ${cause.message}`
  }
  return why
}

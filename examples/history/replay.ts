import { FlowRuntime, generateMermaidForRun, type WorkflowBlueprint } from 'flowcraft'
import { HistoryEventStore, type Runs } from 'flowcraft-aws'

type Reads = Pick<Runs, 'get' | 'history'>

/** A picture of the run: nodes that completed, nodes that failed, and the edges that were taken. */
export async function picture(client: Reads, blueprint: WorkflowBlueprint, runId: string): Promise<string> {
  const events = await new HistoryEventStore(client).retrieve(runId)
  return generateMermaidForRun(blueprint, events)
}

/** The context of the run after its first `count` events. */
export async function contextAfter(
  client: Reads,
  blueprint: WorkflowBlueprint,
  runId: string,
  count: number,
): Promise<Record<string, unknown>> {
  const events = await new HistoryEventStore(client).retrieve(runId)
  const { context } = await new FlowRuntime({}).replay(blueprint, events.slice(0, count), runId)
  return context
}

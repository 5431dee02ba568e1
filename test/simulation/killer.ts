/** A run beside the one that a world is about: a node of it, and an item of its batch, kill their process each time. */
import type { NodeContext, NodeImplementation, WorkflowBlueprint } from 'flowcraft'
import { JsonSerializer } from 'flowcraft'
import { RunGraph } from '../../lib/core/protocol/run-graph.ts'
import { describeRun } from '../../lib/core/run/describe.ts'
import type { RunStore } from '../../lib/core/store/run-store.ts'
import type { ValueStore } from '../../lib/core/values/value-store.ts'

export const KILLER_ID = 'k'

export const killerBlueprint: WorkflowBlueprint = {
  id: 'killer',
  nodes: [
    { id: 'make', uses: 'killer make' },
    { id: 'kill', uses: 'killer kill' },
    {
      id: 'work_scatter',
      uses: 'batch-scatter',
      inputs: 'make',
      params: { workerUsesKey: 'killer item', gatherNodeId: 'work_gather' },
    },
    { id: 'work_gather', uses: 'batch-gather', params: { gatherNodeId: 'work_gather' } },
  ],
  edges: [
    { source: 'make', target: 'kill' },
    { source: 'make', target: 'work_scatter' },
    { source: 'work_scatter', target: 'work_gather' },
  ],
}

/** Its implementations, where `die` never comes back. */
export function killerRegistry(die: () => Promise<void>): Record<string, NodeImplementation> {
  return {
    'killer make': async () => ({ output: ['lives', 'dies', 'lives'] }),
    'killer kill': async () => {
      await die()
      return {}
    },
    'killer item': async ({ input }: NodeContext) => {
      if (input === 'dies') await die()
      return { output: input as string }
    },
  }
}

/** What is wrong with how it ended. */
export async function killerProblems(store: RunStore, values: ValueStore): Promise<string[]> {
  const run = await store.read(KILLER_ID)
  if (!run) return ['G4: there is no run of the killer']
  const graph = new RunGraph(killerBlueprint)
  const { status, errors = [] } = await describeRun({
    run,
    graph,
    store,
    values,
    serializer: new JsonSerializer(),
  })
  const killed = errors.filter(({ message }) => message.includes('workers died'))
  if (status === 'failed' && killed.length === 2 && errors.length === 2) return []
  return [`G7: the killer's run is ${status} with ${errors.map(({ message }) => message).join('; ')}`]
}

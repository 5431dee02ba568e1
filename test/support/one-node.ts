/** Runs a flow of one node that does what a test wants, and one that follows it. */
import { createFlow, type NodeContext, type NodeResult, type RuntimeOptions } from 'flowcraft'
import { TestService } from '../../lib/testing/index.ts'
import { quiet } from '../end-to-end/driver.ts'

export type Node = (call: NodeContext) => Promise<NodeResult>

/** Runs `node`, then one that follows it, and tells how often the first ran. */
export async function ran(
  node: Node,
  options: RuntimeOptions & { condition?: string; transform?: string } = {},
) {
  const { condition, transform, ...runtimeOptions } = options
  let calls = 0
  const flow = createFlow('one')
    .node('bad', async (call: NodeContext) => (calls++, node(call)))
    .node('next', async ({ input }: NodeContext) => ({ output: input }))
    .edge('bad', 'next', { condition, transform })
  const service = new TestService({ flows: [flow], logger: quiet, ...runtimeOptions })
  const described = await service.run({ blueprintId: 'one' })
  return { ...described, calls }
}

import { createFlow, type NodeContext, NullLogger } from 'flowcraft'
import { addCost } from 'flowcraft-aws'
import { TestService } from 'flowcraft-aws/testing'
import { expect, it } from 'vitest'
import { letGoOn, research } from './budget.ts'

async function ask({ dependencies }: NodeContext) {
  addCost(dependencies, 'bedrock', 3)
  return { output: 'asked' }
}

it('stops a run that cost too much, until somebody lets it go on', async () => {
  const flow = createFlow('summary')
    .node('ask', ask)
    .node('write', async () => ({ output: 'done' }))
    .edge('ask', 'write')
  const service = new TestService({ flows: [flow], logger: new NullLogger() })
  const runId = await research(service, 'rain')
  await service.settle()
  expect(await service.get(runId)).toMatchObject({ status: 'paused', cost: { usd: 3 } })
  await letGoOn(service, runId)
  expect(await service.waitFor(runId)).toMatchObject({ status: 'completed', context: { write: 'done' } })
})

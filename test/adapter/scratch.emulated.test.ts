import { createFlow, type NodeContext } from 'flowcraft'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { type LocalAws, startLocalAws } from '../../lib/local/index.ts'
import { adapterOf, clientOf, type TestDeployment } from '../support/service.ts'
import { deployOn, drain, eventually, quiet } from './driver.ts'

let aws: LocalAws
let deployment: TestDeployment
beforeAll(async () => { aws = await startLocalAws() })
beforeEach(async () => { deployment = await deployOn(aws) })
afterAll(() => aws.stop())

const echo = (id: string) => async ({ input }: NodeContext) => ({ output: `${String(input)}>${id}` })

it('resume soon', async () => {
  const flow = createFlow('f').node('a', async () => ({ output: 'A' })).wait('w').node('b', echo('b')).edge('a', 'w').edge('w', 'b')
  const adapter = adapterOf(deployment, { flows: [flow] , logger: quiet})
  const client = clientOf(deployment)
  adapter.start()
  const { runId } = await client.start({ blueprintId: 'f' })
  await eventually(async () => ((await client.get(runId)).status === 'awaiting' ? true : undefined))
  const at = Date.now()
  await client.resume(runId, { output: 'ev' })
  const run = await client.waitFor(runId, { timeoutMs: 25_000, pollMs: 100 }).catch((e) => e)
  console.log('resume took', Date.now() - at, run.status ?? run, run.context)
  await adapter.stop()
})
it('sleep', async () => {
  const flow = createFlow('f').node('a', async () => ({ output: 'A' })).sleep('s', { duration: 1000 } as never).node('b', echo('b')).edge('a', 's').edge('s', 'b')
  const adapter = adapterOf(deployment, { flows: [flow] , logger: quiet})
  const client = clientOf(deployment)
  adapter.start()
  const at = Date.now()
  const { runId } = await client.start({ blueprintId: 'f' })
  const run = await client.waitFor(runId, { timeoutMs: 25_000, pollMs: 100 }).catch((e) => e)
  console.log('sleep took', Date.now() - at, run.status ?? run, run.context)
  await adapter.stop()
})
it('subflow', async () => {
  const child = createFlow('child').node('c', echo('c'))
  const flow = createFlow('f').node('a', async () => ({ output: 'A' })).node('s', 'subflow' as never, { params: { blueprintId: 'child' } }).node('b', echo('b')).edge('a', 's').edge('s', 'b')
  const adapter = adapterOf(deployment, { flows: [flow, child] , logger: quiet})
  const client = clientOf(deployment)
  adapter.start()
  const at = Date.now()
  const { runId } = await client.start({ blueprintId: 'f' })
  const run = await client.waitFor(runId, { timeoutMs: 25_000, pollMs: 100 }).catch((e) => e)
  console.log('subflow took', Date.now() - at, run.status ?? run, run.context)
  await adapter.stop()
})
it('batch', async () => {
  const flow = createFlow('f').node('a', async () => ({ output: Array.from({ length: 25 }, (_, i) => i) })).batch('w', async ({ input }: NodeContext) => ({ output: (input as number) * 2 }), { inputKey: 'a' as never, outputKey: 'r' as never }).edge('a', 'w_scatter')
  const adapter = adapterOf(deployment, { flows: [flow] , logger: quiet})
  const client = clientOf(deployment)
  adapter.start()
  const at = Date.now()
  const { runId } = await client.start({ blueprintId: 'f' })
  const run = await client.waitFor(runId, { timeoutMs: 25_000, pollMs: 100 }).catch((e) => e)
  console.log('batch took', Date.now() - at, run.status ?? run, run.context?.r)
  await adapter.stop()
})
it('subflow with maxRetries', async () => {
  let n = 0
  const child = createFlow('child').node('c', async () => { n++; throw new Error('bad') })
  const flow = createFlow('f').node('s', 'subflow' as never, { params: { blueprintId: 'child' }, config: { maxRetries: 2, retryDelay: 0 } })
  const adapter = adapterOf(deployment, { flows: [flow, child] , logger: quiet})
  const client = clientOf(deployment)
  const { runId } = await client.start({ blueprintId: 'f' })
  setTimeout(() => aws.intercept(() => 'reject'), 8000)
  await drain(deployment, adapter, { deadlineMs: 30_000 }).catch((e) => console.log(String(e)))
  aws.intercept(undefined)
  console.log('tries', n, await client.get(runId))
})

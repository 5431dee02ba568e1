/**
 * Two versions of a worker behind the alias that its queue feeds, as CodeDeploy has them while it shifts: each message
 * goes to one of them by chance, and runs of the old and of the new graph end all the same.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { App, type CfnElement, Duration, Stack } from 'aws-cdk-lib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { FlowcraftService } from '../../../lib/constructs/index.ts'
import { RunClient } from '../../../lib/index.ts'
import { bundleHandler, startLocalAws } from '../../../lib/local/index.ts'
import type { LocalAlias, LocalAws, LocalFunction } from '../../../lib/local/index.ts'
import { eventually } from '../helpers.ts'

const release = (number: number) => fileURLToPath(new URL(`release-${number}.ts`, import.meta.url))

let folder: string
let aws: LocalAws
let client: RunClient
let worker: LocalFunction
let alias: LocalAlias

/** The service, with its workers at version 1, the first release. */
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flowcraft-safe-deploy-test-'))
  aws = await startLocalAws()
  const app = new App({ outdir: join(folder, 'cdk.out'), analyticsReporting: false, treeMetadata: false })
  const stack = new Stack(app, 'Shop')
  // What a worker lacks it leaves for the least time that a deployment gives: two minutes, at every ten seconds.
  const deployment = { shiftDuration: Duration.seconds(0) }
  const flows = new FlowcraftService(stack, 'Flows', { entry: release(1), deployment })
  const id = stack.getLogicalId(flows.worker.function.node.defaultChild as CfnElement)
  const { directory } = app.synth()
  const deployed = await aws.deploy({ assembly: directory })
  client = new RunClient(deployed.connection())
  worker = deployed.function(id)
  alias = worker.alias('live')!
})
afterEach(async () => {
  await aws?.stop()
  await rm(folder, { recursive: true })
})

/** What a stack's update does: new code, and a version of it. */
async function publish(number: number): Promise<string> {
  const outfile = join(folder, 'release', 'index.mjs')
  await bundleHandler({ entry: release(number), outfile })
  await worker.replaceCode({ folder: join(folder, 'release') })
  return worker.publishVersion().version
}

const started = async (blueprintId: string) => (await client.start({ blueprintId })).runId

/** A run that waits for its event. */
async function waiting(blueprintId: string): Promise<string> {
  const runId = await started(blueprintId)
  await eventually(async () => (await client.get(runId)).waiting?.length === 1)
  return runId
}

/** The nodes of a run that has ended, and which versions ran them. */
async function ended(runId: string) {
  const { status, nodes, context } = await client.waitFor(runId, { timeoutMs: 110_000 })
  const completed = nodes.completed.toSorted()
  const versions = Object.fromEntries(completed.map((node) => [node, context[node]]))
  return { status, nodes: completed, versions }
}

/** Whether a worker has left to a newer one what it lacks. */
const leftToNewer = () => worker.logs.some((line) => line.includes('a job waits for a newer deployment'))

const OLD = ['a', 'b1', 'b2', 'b3', 'join']
const NEW = ['a', 'b1', 'b2', 'b3', 'b4', 'join', 'report']

describe('while messages are shifted to a new version', () => {
  it('runs of both graphs end right, whichever version gets which of their messages', async () => {
    const before = await Promise.all([started('fan'), waiting('known'), waiting('lacking')])
    const two = await publish(2)
    alias.update({ version: '1', additionalVersionWeights: { [two]: 0.5 } })
    for (const runId of before.slice(1)) await client.resume(runId, { output: 'event' })
    const during: string[] = []
    // Until the old version has got what only the new one has, which chance does not put off for long.
    await eventually(async () => {
      during.push(await started('fan'))
      return during.length >= 12 && leftToNewer()
    })
    alias.update({ version: two })
    const after = await started('fan')

    const ends = await Promise.all(during.map(ended))
    for (const { status, nodes } of ends) {
      expect(status).toBe('completed')
      expect([OLD, NEW]).toContainEqual(nodes)
    }
    // Both graphs were begun, and both versions worked on one run.
    expect(new Set(ends.map(({ nodes }) => nodes.length))).toEqual(new Set([OLD.length, NEW.length]))
    expect(ends.some(({ versions }) => new Set(Object.values(versions)).size === 2)).toBe(true)
    const graphs = await Promise.all(before.map(ended))
    expect(graphs.map(({ status, nodes }) => [status, nodes])).toEqual([
      ['completed', OLD],
      ['completed', ['a', 'b', 'wait']],
      ['completed', ['a', 'b', 'wait']],
    ])
    const { nodes, versions } = await ended(after)
    expect([nodes, new Set(Object.values(versions))]).toEqual([NEW, new Set([two])])
    expect(worker.stats.errors).toBe(0)
  })
})

describe('after a rollback', () => {
  it('the old version goes on with what it has, and leaves what it lacks to the next deploy', async () => {
    const old = await waiting('known')
    const two = await publish(2)
    alias.update({ version: '1', additionalVersionWeights: { [two]: 1 } })
    const [known, lacking] = [await waiting('known'), await waiting('lacking')]
    alias.update({ version: '1' })

    for (const runId of [old, known, lacking]) await client.resume(runId, { output: 'event' })

    const event = 'event'
    expect(await ended(old)).toMatchObject({
      status: 'completed',
      versions: { a: '1', wait: event, b: '1' },
    })
    // The graph of the new version, whose node had run there.
    expect(await ended(known)).toMatchObject({
      status: 'completed',
      versions: { a: two, check: two, wait: event, b: '1' },
    })
    await eventually(leftToNewer)
    expect(await client.get(lacking)).toMatchObject({ status: 'running', nodes: { failed: [] } })

    const three = await publish(2)
    alias.update({ version: three })

    expect(await ended(lacking)).toMatchObject({
      status: 'completed',
      versions: { a: two, wait: event, check: three, b: three },
    })
    expect(worker.stats.errors).toBe(0)
  })
})

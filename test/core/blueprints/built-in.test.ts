/** The engine's own nodes, by whatever way they come, are durable steps: children and items are runs and messages. */
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import {
  BaseNode,
  BatchGatherNode,
  BatchScatterNode,
  createDefaultContainer,
  createFlow,
  type NodeClass,
  type NodeContext,
  SleepNode,
  SubflowNode,
  WaitNode,
  type WorkflowBlueprint,
} from 'flowcraft'
import { describe, expect, it } from 'vitest'
import { builtInOf } from '../../../lib/core/blueprints/built-in.ts'
import { register } from '../../../lib/core/blueprints/registration.ts'
import { TestService, type TestServiceOptions } from '../../../lib/testing/index.ts'

/** A batch, a sleep, and a wait between two nodes: what only a run of its own does. */
const sub = createFlow('sub')
  .node('list', async () => ({ output: [1, 2, 3] }))
  .batch('each', async ({ input }: NodeContext) => ({ output: (input as number) * 10 }), {
    inputKey: 'list',
    outputKey: 'tens',
  })
  .sleep('nap', { duration: '20m' })
  .wait('approval')
  .node('after', async ({ input, context }: NodeContext) => ({ output: [input, await context.get('tens')] }))
  .edge('list', 'each')
  .edge('each', 'nap')
  .edge('nap', 'approval')
  .edge('approval', 'after')

const params = { blueprintId: 'sub' }
const calling = (implementation: NodeClass, own: object = { params }) =>
  createFlow('main').node('s', implementation, own)

class Plain extends SubflowNode {}
class PlainTwice extends Plain {
  static readonly note = 'nothing that runs'
  helper(): string {
    return 'nothing that runs'
  }
}
class CallsSub extends SubflowNode {
  constructor(given?: Record<string, unknown>, nodeId?: string) {
    super({ ...given, blueprintId: 'sub' }, nodeId)
  }
}

/** As upstream's guide has it: one registry of all functions. */
function byRegistry(main: ReturnType<typeof calling>): TestServiceOptions {
  const registry = Object.fromEntries([...main.getFunctionRegistry(), ...sub.getFunctionRegistry()])
  return { blueprints: { main: main.toBlueprint(), sub: sub.toBlueprint() }, registry }
}

function withRegistry(uses: string, more: Record<string, unknown>): TestServiceOptions {
  const main: WorkflowBlueprint = { id: 'main', nodes: [{ id: 's', uses, params }], edges: [] }
  const registry = {
    ...Object.fromEntries(sub.getFunctionRegistry()),
    ...more,
  } as TestServiceOptions['registry']
  return { blueprints: { main, sub: sub.toBlueprint() }, registry }
}

/** The engine's classes as a second copy in a bundle has them: other classes, their variables renamed. */
async function bundledCopy(minify: boolean): Promise<Record<string, NodeClass>> {
  const nodes = fileURLToPath(
    new URL('../../../node_modules/flowcraft/dist/nodes/index.mjs', import.meta.url),
  )
  const { outputFiles } = await build({
    stdin: { contents: await readFile(nodes, 'utf8'), resolveDir: nodes.replace(/index\.mjs$/, '') },
    bundle: true,
    minify,
    write: false,
    format: 'esm',
  })
  const code = Buffer.from(outputFiles[0]?.contents ?? []).toString('base64')
  return (await import(/* @vite-ignore */ `data:text/javascript;base64,${code}`)) as Record<string, NodeClass>
}

const ways: [what: string, options: () => TestServiceOptions | Promise<TestServiceOptions>][] = [
  ['by its class, in flows', () => ({ flows: [calling(SubflowNode), sub] })],
  ['by its class, in a registry of all functions', () => byRegistry(calling(SubflowNode))],
  [
    'by its class under the name that the engine gives it',
    () => withRegistry('subflow', { subflow: SubflowNode }),
  ],
  ['by an alias', () => withRegistry('child', { child: SubflowNode })],
  ['by name', () => withRegistry('subflow', {})],
  ['by a subclass that adds nothing', () => byRegistry(calling(Plain))],
  ['by a subclass of a subclass, with methods that no step calls', () => byRegistry(calling(PlainTwice))],
  ['by a subclass that says which blueprint', () => byRegistry(calling(CallsSub, {}))],
  [
    'by a copy in the same bundle',
    async () => byRegistry(calling((await bundledCopy(false))['SubflowNode'] as NodeClass)),
  ],
  [
    'by a minified copy',
    async () => byRegistry(calling((await bundledCopy(true))['SubflowNode'] as NodeClass)),
  ],
  [
    'from a container',
    () => {
      const { blueprints = {}, registry = {} } = byRegistry(calling(SubflowNode))
      return {
        container: createDefaultContainer({ blueprints, registry: registry as Record<string, NodeClass> }),
      }
    },
  ],
]

describe('a subflow', () => {
  for (const [what, optionsOf] of ways) {
    it(`${what} is a run of its own`, async () => {
      const options = await optionsOf()
      const service = new TestService(options)
      const { runId } = await service.start({ blueprintId: 'main' })
      await service.settle()
      const { status, waiting } = await service.get(runId)
      expect(status).toBe('awaiting')
      const child = waiting?.[0]?.childRunId as string
      expect(waiting).toMatchObject([{ nodeId: 's', reason: 'subflow' }])

      await service.resume(child, { nodeId: 'approval', output: 'yes' })
      await service.settle()

      expect(await service.get(runId)).toMatchObject({
        status: 'completed',
        context: { s: ['yes', [10, 20, 30]] },
      })
    })
  }

  it('by whatever key an earlier version stored, is the durable step', () => {
    const { registry } = register(byRegistry(calling(CallsSub, {})))
    const kept = registry['CallsSub'] as NodeClass

    expect(register(byRegistry(calling(SubflowNode))).registry['SubflowNode']).not.toBe(SubflowNode)
    expect(kept.prototype.exec).toBe((registry['subflow'] as NodeClass).prototype.exec)
    expect(new kept({}, 's')).toMatchObject({ params: { blueprintId: 'sub' } })
  })

  it('that a function runs inside its own execution, and that waits, is told as what it is', async () => {
    const main = createFlow('main').node('s', async (context: NodeContext) =>
      new SubflowNode(params, 's').exec(undefined, context),
    )

    const { status, errors } = await new TestService({ flows: [main, sub] }).run({ blueprintId: 'main' })

    expect(status).toBe('failed')
    expect(errors?.[0]?.message).toContain("node 's' runs a subflow inside its own execution")
  })
})

describe('batch nodes', () => {
  it('given by class are messages of their own', async () => {
    class Spread extends BatchScatterNode {}
    const many = createFlow('many')
      .node('list', async () => ({ output: [1, 2] }))
      .node('out', Spread, { inputs: 'list', params: { workerUsesKey: 'double', gatherNodeId: 'in' } })
      .node('in', BatchGatherNode, { params: { outputKey: 'doubled', gatherNodeId: 'in' } })
      .edge('list', 'out')
      .edge('out', 'in')
    const registry = { double: async ({ input }: NodeContext) => ({ output: (input as number) * 2 }) }

    const { status, context } = await new TestService({ flows: [many], registry }).run({
      blueprintId: 'many',
    })

    expect(status).toBe('completed')
    expect(context['doubled']).toEqual([2, 4])
  })
})

const mine = async () => ({ output: 1 })

class Listens extends SubflowNode {
  override async prep(context: NodeContext) {
    return context.input
  }
}
class Wraps extends SubflowNode {
  override async exec(prepared: unknown, context: NodeContext) {
    return super.exec(prepared, context)
  }
}
class Below extends Wraps {}
class Ends extends BatchGatherNode {
  override async post(result: never) {
    return result
  }
}

describe('a subclass that cannot be made durable is refused', () => {
  const cases: [what: string, implementation: NodeClass, problem: string][] = [
    [
      'with a prep of its own',
      Listens,
      "Listens is a subclass of flowcraft's SubflowNode with its own prep: on AWS a subflow is a run of its own",
    ],
    ['with an exec of its own', Wraps, "Wraps is a subclass of flowcraft's SubflowNode with its own exec"],
    ['that inherits one', Below, "Below is a subclass of flowcraft's SubflowNode with its own exec"],
    [
      'of a batch node',
      Ends,
      "Ends is a subclass of flowcraft's BatchGatherNode with its own post: on AWS each item of a batch is a message",
    ],
  ]
  for (const [what, implementation, problem] of cases) {
    it(what, () => {
      for (const options of [
        { flows: [calling(implementation), sub] },
        byRegistry(calling(implementation)),
      ]) {
        expect(() => register(options)).toThrow(`blueprint 'main': node 's' cannot run here: ${problem}`)
      }
    })
  }

  it('but not where no node uses it', () => {
    expect(() => register(withRegistry('subflow', { Wraps }))).not.toThrow()
  })

  it('whose params cannot be stored', () => {
    class Holds extends SubflowNode {
      constructor(_params?: unknown, nodeId?: string) {
        super({ ...params, client: () => 1 } as never, nodeId)
      }
    }
    expect(() => register(byRegistry(calling(Holds, {})))).toThrow(
      'Holds gives it params that cannot be stored',
    )
  })

  it('where its name means another implementation', () => {
    expect(() =>
      register({ ...byRegistry(calling(SubflowNode)), registry: { SubflowNode, subflow: mine } }),
    ).toThrow("node 's' is 'subflow', for which the registry has another implementation")
  })
})

/** As upstream's source has it, changed here and there. */
class Rewritten extends BaseNode {
  override async exec(_prepared: unknown, { context, dependencies }: NodeContext) {
    const { runtime } = dependencies as unknown as { runtime: { orchestrator: { run(): Promise<unknown> } } }
    const result = await runtime.orchestrator.run()
    await context.set(`_subflowState.${this.nodeId}`, result)
    return { output: 'more' }
  }
}
class Pages extends BaseNode {
  override async exec(_prepared: unknown, { context }: NodeContext) {
    await context.set(`${this.nodeId}_currentIndex`, 1)
    return { output: 'a page' }
  }
}

describe("a class of one's own", () => {
  it('that is a variant of an engine class is refused, since it would run the subflow inside', () => {
    expect(() => register(byRegistry(calling(Rewritten)))).toThrow(
      "Rewritten is a variant of flowcraft's SubflowNode",
    )
  })

  it('that only names its keys alike is none', async () => {
    expect(builtInOf(Pages)).toBeUndefined()
    const flow = createFlow('main').node('s', Pages)
    expect(await new TestService({ flows: [flow] }).run({ blueprintId: 'main' })).toMatchObject({
      status: 'completed',
    })
  })
})

describe('subclasses of nodes that wait', () => {
  it('run as they are, with what they add', async () => {
    const asked: string[] = []
    class Asks extends WaitNode {
      override async prep(context: NodeContext) {
        asked.push(String(this.nodeId))
        return context.input
      }
    }
    expect(builtInOf(Asks)).toBeUndefined()
    const flow = createFlow('main').node('ask', Asks)
    const service = new TestService({ flows: [flow] })
    const { runId } = await service.start({ blueprintId: 'main' })
    await service.settle()
    await service.resume(runId, { output: 'yes' })
    await service.settle()

    expect(await service.get(runId)).toMatchObject({ status: 'completed', context: { ask: 'yes' } })
    expect(asked).toEqual(['ask'])
  })

  it('that add nothing are those nodes', () => {
    class Pause extends SleepNode {}
    expect(builtInOf(Pause)).toEqual({ name: 'sleep' })
  })
})

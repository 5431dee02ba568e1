import { marshall } from '@aws-sdk/util-dynamodb'
import {
  BaseNode,
  createFlow,
  FlowRuntime,
  type NodeResult,
  SubflowNode,
  WebhookNode,
  type WorkflowBlueprint,
} from 'flowcraft'
import { describe, expect, it } from 'vitest'
import { NODES_AT_MOST, register } from '../../../lib/core/blueprints/registration.ts'
import type { Flow } from '../../../lib/core/blueprints/registry.ts'
import { unknownBlueprint } from '../../../lib/core/common/errors.ts'
import { fingerprintOf } from '../../../lib/core/protocol/fingerprint.ts'
import { activationKey, type ActiveEntry } from '../../../lib/core/protocol/run-state.ts'
import { packHeader } from '../../../lib/core/store/header.ts'
import { itemBytes } from '../../../lib/core/common/item-size.ts'
import { TestService } from '../../../lib/testing/index.ts'

const node = async () => ({ output: 1 })
class Ship extends BaseNode {
  async exec(): Promise<NodeResult<string>> {
    return { output: 'shipped' }
  }
}

/** A blueprint with these nodes and their fallbacks. */
function standIns(
  fallbacks: Readonly<Record<string, string | undefined>>,
  edges: readonly (readonly [source: string, target: string])[] = [],
): WorkflowBlueprint {
  const nodes = Object.entries(fallbacks).map(([id, fallback]) => ({
    id,
    uses: 'work',
    ...(fallback && { config: { fallback } }),
  }))
  return { id: 'order', nodes, edges: edges.map(([source, target]) => ({ source, target })) }
}

const outputs = (of: Record<string, unknown>) => Object.keys(of).filter((key) => key.length === 1)

const calling = (): WorkflowBlueprint => ({
  id: 'order',
  nodes: [{ id: 'call', uses: 'subflow', params: { blueprintId: 'child' } }],
  edges: [],
})
/** Its function's key is one that the builder made up. */
const child = (): WorkflowBlueprint => ({ id: 'child', nodes: [{ id: 'c', uses: 'fn_1a' }], edges: [] })

/** All problems that registering these has, one a line. */
function problemsOf(options: Parameters<typeof register>[0]): string[] {
  try {
    register(options)
    return []
  } catch (error) {
    expect(error).toMatchObject({ code: 'INVALID_BLUEPRINT' })
    return (error as Error).message
      .replace(/^cannot register the blueprints:\s*/, '')
      .split('\n')
      .map((line) => line.replace(/^- /, ''))
  }
}

const plain = (over: Partial<WorkflowBlueprint> = {}): WorkflowBlueprint => ({
  id: 'order',
  nodes: [
    { id: 'a', uses: 'work' },
    { id: 'b', uses: 'work' },
  ],
  edges: [{ source: 'a', target: 'b' }],
  ...over,
})

const order = () =>
  createFlow('order')
    .node('take', async () => ({ output: 'taken' }))
    .node('ship', Ship)
    .edge('take', 'ship')

const refund = () => createFlow('refund').node('pay', async () => ({ output: 'paid' }))

const other = async () => ({ output: 2 })

describe('keys of implementations', () => {
  it('are the same in every build, in whatever order flows are built', () => {
    // The builder counts, so that each build has other keys.
    const first = [order(), refund()]
    const second = [refund(), order()].toReversed()
    expect(first[0]?.toBlueprint().nodes).not.toEqual(second[0]?.toBlueprint().nodes)

    const [one, other] = [register({ flows: first }), register({ flows: second.toReversed() })]

    expect(one.blueprints['order']?.nodes.map(({ uses }) => uses)).toEqual(['order.take', 'order.ship'])
    expect(other.blueprints).toEqual(one.blueprints)
    for (const id of ['order', 'refund']) {
      const prints = [one, other].map(({ blueprints }) => fingerprintOf(blueprints[id] as WorkflowBlueprint))
      expect(prints[0]).toBe(prints[1])
    }
  })

  it('lead to the functions that were given', async () => {
    const { registry } = register({ flows: [order(), refund()] })

    expect(registry['order.ship']).toBe(Ship)
    expect(await (registry['order.take'] as typeof node)()).toEqual({ output: 'taken' })
    expect(await (registry['refund.pay'] as typeof node)()).toEqual({ output: 'paid' })
  })

  it("of classes are each flow's own, though they have one name", () => {
    const classes = [1, 2].map(
      (n) =>
        class Step extends BaseNode {
          async exec() {
            return { output: n }
          }
        },
    )
    const flows = classes.map((Step, at) => createFlow(`flow ${at}`).node('step', Step))

    const { registry } = register({ flows })

    expect(registry['flow 0.step']).toBe(classes[0])
    expect(registry['flow 1.step']).toBe(classes[1])
  })

  it('that the builder made up are replaced in plain blueprints too', () => {
    const flow = order()
    const registry = Object.fromEntries(flow.getFunctionRegistry())

    const registered = register({ blueprints: { order: flow.toBlueprint() }, registry })

    // A class has a name of its own, which does not change.
    expect(registered.blueprints['order']?.nodes.map(({ uses }) => uses)).toEqual(['order.take', 'Ship'])
    expect(registered.registry['order.take']).toBe(registry[flow.toBlueprint().nodes[0]?.uses ?? ''])
  })

  it('that the user chose stay', () => {
    const { blueprints, registry } = register({
      blueprints: { order: plain({ nodes: [{ id: 'a', uses: 'fn_ship' }], edges: [] }) },
      registry: { fn_ship: node },
    })

    expect(blueprints['order']?.nodes[0]?.uses).toBe('fn_ship')
    expect(registry['fn_ship']).toBe(node)
  })

  it('are never shared by two nodes whose ids happen to join to one name', () => {
    const flows = [createFlow('a').node('b.c', node), createFlow('a.b').node('c', other)]

    expect(problemsOf({ flows })).toEqual([
      "blueprint 'a.b': node 'c' would be registered as 'a.b.c', which is another implementation's name",
    ])
  })

  it("are never put in place of the user's own", () => {
    const flow = createFlow('order').node('ship', node)

    expect(problemsOf({ flows: [flow], registry: { 'order.ship': Ship } })).toEqual([
      "blueprint 'order': node 'ship' would be registered as 'order.ship', which is another implementation's name",
    ])
    expect(problemsOf({ flows: [flow], registry: { 'order.ship': node } })).toEqual([])
  })

  it('of what the engine brings along are its own, also where the builder is given the class', () => {
    const flow = createFlow('order').node('page', WebhookNode).node('child', SubflowNode)

    const { blueprints, registry } = register({ flows: [flow] })

    expect(blueprints['order']?.nodes.map(({ uses }) => uses)).toEqual(['webhook', 'subflow'])
    expect(registry).not.toHaveProperty('order.page')
  })

  it('change nothing in what the user gave', () => {
    const flow = order()
    const registry = { mine: node }
    const before = structuredClone(flow.toBlueprint())

    register({ flows: [flow], registry })

    expect(flow.toBlueprint()).toEqual(before)
    expect(Object.keys(registry)).toEqual(['mine'])
  })
})

describe('a fingerprint', () => {
  it('changes with nodes, edges and entry points, not with the order of keys or what tools add', () => {
    const print = (over: Partial<WorkflowBlueprint>) => fingerprintOf(plain(over))
    const base = print({})

    expect(base).toMatch(/^[\w-]{12}$/)
    const reordered: unknown = [{ target: 'b', source: 'a', label: 'x' }]
    expect(print({ edges: reordered as WorkflowBlueprint['edges'] })).toBe(base)
    expect(print({ metadata: { version: '2' } as WorkflowBlueprint['metadata'] })).toBe(base)
    const changed: Partial<WorkflowBlueprint>[] = [
      { nodes: plain().nodes.toReversed() },
      { nodes: plain().nodes.map((one) => ({ ...one, params: { n: 1 } })) },
      { nodes: plain().nodes.map((one) => ({ ...one, config: { maxRetries: 2 } })) },
      { edges: [] },
      { edges: [{ source: 'a', target: 'b', condition: 'x' }] },
      { metadata: { cycleEntryPoints: ['a'] } as WorkflowBlueprint['metadata'] },
    ]
    expect(new Set([base, ...changed.map(print)]).size).toBe(changed.length + 1)
  })
})

describe('a blueprint is refused', () => {
  const flow = createFlow('order').node('a', node)
  const asFlow = (blueprint: unknown): Flow => ({
    toBlueprint: () => blueprint as WorkflowBlueprint,
    getFunctionRegistry: () => new Map([['work', node]]),
  })
  const blueprint = (over: unknown) => ({ flows: [asFlow(over)] })
  const cases: [what: string, options: Parameters<typeof register>[0], problems: string[]][] = [
    [
      'without an id',
      blueprint({ ...plain(), id: '' }),
      ["blueprintId must be a string of 1 to 500 characters; got ''"],
    ],
    ['without nodes', blueprint(plain({ nodes: [] })), ["blueprint 'order' has no nodes"]],
    ['whose nodes are no list', blueprint({ ...plain(), nodes: {} }), ["blueprint 'order' has no nodes"]],
    [
      'without edges',
      blueprint({ ...plain(), edges: undefined }),
      ["blueprint 'order' has no list of edges"],
    ],
    [
      'with a node without an id',
      blueprint(plain({ nodes: [{ id: '', uses: 'work' }] })),
      ["blueprint 'order' has a node without an id"],
    ],
    [
      'with a node that does not say what it uses',
      blueprint({ ...plain(), nodes: [{ id: 'a' }] }),
      ["node 'a' of blueprint 'order' does not say what it uses"],
    ],
    [
      'with two nodes of one id',
      blueprint(
        plain({
          nodes: [
            { id: 'a', uses: 'work' },
            { id: 'a', uses: 'work' },
          ],
        }),
      ),
      ["blueprint 'order' has two nodes 'a'"],
    ],
    [
      'with an edge that is none',
      blueprint({ ...plain(), edges: [null] }),
      ["blueprint 'order' has an edge that is no object"],
    ],
    [
      'with a function among its params',
      {
        blueprints: {
          order: plain({ nodes: [{ id: 'a', uses: 'work', params: { run: () => 1 } }], edges: [] }),
        },
      },
      ["blueprint 'order' cannot be stored: () => 1 could not be cloned."],
    ],
    [
      'with a bigint among its params',
      blueprint(plain({ nodes: [{ id: 'a', uses: 'work', params: { n: 1n } }], edges: [] })),
      ["blueprint 'order' cannot be stored: Do not know how to serialize a BigInt"],
    ],
    ['with the id of another', { flows: [flow, flow] }, ["two blueprints have the id 'order'"]],
    [
      'that is both a flow and a plain blueprint',
      { flows: [flow], blueprints: { order: plain() }, registry: { work: node } },
      ["two blueprints have the id 'order'"],
    ],
    [
      'registered under another id',
      { blueprints: { other: plain() }, registry: { work: node } },
      ["the blueprint registered as 'other' has the id 'order'"],
    ],
    [
      'that is missing',
      { blueprints: { order: undefined as unknown as WorkflowBlueprint } },
      ["the blueprint registered as 'order' has the id undefined"],
    ],
    [
      'with a node nobody implements',
      { blueprints: { order: plain() } },
      [
        "blueprint 'order': Node implementation key 'work' is not found in the provided registry.",
        "blueprint 'order': Node implementation key 'work' is not found in the provided registry.",
      ],
    ],
    [
      'with an edge to nowhere that a run can take',
      blueprint(plain({ edges: [...plain().edges, { source: 'b', target: 'y' }] })),
      ["blueprint 'order': Edge target 'y' does not correspond to a valid node ID."],
    ],
    [
      'with a fallback that is no node',
      blueprint(plain({ nodes: [{ id: 'a', uses: 'work', config: { fallback: 'z' } }], edges: [] })),
      ["blueprint 'order': the fallback 'z' of node 'a' is no node"],
    ],
    ...(
      [
        ['whose only node is its own fallback', { a: 'a' }, []],
        ['whose nodes are fallbacks of each other', { a: 'b', b: 'a' }, []],
        ['whose nodes are fallbacks in a ring', { a: 'b', b: 'c', c: 'a' }, []],
        ['whose first node is the fallback of a later one', { a: undefined, b: 'a' }, [['a', 'b']]],
      ] as const
    ).map(([what, fallbacks, edges]): (typeof cases)[number] => [
      what,
      blueprint(standIns(fallbacks, edges)),
      [
        "blueprint 'order': no node of it would ever run: a run starts with the nodes that no edge leads to and that are no fallback of another",
      ],
    ]),
    [
      'whose subflow has nobody to run it',
      { blueprints: { order: calling(), child: child() } },
      ["blueprint 'child': Node implementation key 'fn_1a' is not found in the provided registry."],
    ],
    [
      'with a loop that nothing continues',
      blueprint(
        plain({
          nodes: [
            { id: 'a', uses: 'work' },
            { id: 'b', uses: 'loop-controller' },
          ],
        }),
      ),
      ["blueprint 'order': loop 'b' has no 'continue' edge"],
    ],
    [
      'whose builder throws',
      {
        flows: [
          createFlow('order')
            .node('a', node)
            .loop('l', { startNodeId: 'a', endNodeId: 'zzz', condition: 'x' }),
        ],
      },
      [expect.stringContaining('zzz') as string],
    ],
  ]
  for (const [what, options, problems] of cases) {
    it(what, () => {
      expect(problemsOf(options)).toEqual(problems)
    })
  }

  it('with all that is wrong with all of them in one error', () => {
    const flows = [
      asFlow(plain({ id: 'one', nodes: [{ id: 'a', uses: 'sleep', config: { fallback: 'c' } }] })),
      asFlow(plain({ id: 'two', nodes: [] })),
    ]

    expect(problemsOf({ flows, blueprints: { three: plain() } })).toEqual([
      "blueprint 'two' has no nodes",
      "the blueprint registered as 'three' has the id 'order'",
      "blueprint 'one': Edge target 'b' does not correspond to a valid node ID.",
      "blueprint 'one': the fallback 'c' of node 'a' is no node",
    ])
  })
})

describe('a blueprint is accepted', () => {
  it('though all of it is a cycle', () => {
    const edges = [
      { source: 'a', target: 'b' },
      { source: 'b', target: 'a' },
    ]
    expect(problemsOf({ blueprints: { order: plain({ edges }) }, registry: { work: node } })).toEqual([])
  })

  const unreached: [what: string, over: Partial<WorkflowBlueprint>][] = [
    ['an edge from nowhere', { edges: [...plain().edges, { source: 'x', target: 'b' }] }],
    [
      'a cycle that nothing leads into',
      {
        nodes: ['a', 'b', 'c'].map((id) => ({ id, uses: 'work' })),
        edges: [
          { source: 'b', target: 'c' },
          { source: 'c', target: 'b' },
        ],
      },
    ],
    [
      'what nobody implements, names or stands in for, where no run comes to',
      {
        nodes: [
          { id: 'a', uses: 'work' },
          { id: 'b', uses: 'gone', config: { fallback: 'z' } },
          { id: 'c', uses: 'subflow', params: { blueprintId: 'gone' } },
        ],
        edges: [
          { source: 'b', target: 'c' },
          { source: 'c', target: 'b' },
          { source: 'c', target: 'y' },
        ],
      },
    ],
    ['fallbacks of each other beside its start', standIns({ s: undefined, a: 'b', b: 'a' })],
  ]
  for (const [what, over] of unreached) {
    it(`with ${what}, and ends as in memory`, async () => {
      const blueprint = plain(over)
      const registry = { work: node }
      const service = new TestService({ blueprints: { order: blueprint }, registry })

      const inMemory = await new FlowRuntime({ registry }).run(structuredClone(blueprint), {})
      const { status, context } = await service.run({ blueprintId: 'order' })

      expect(status).toBe(inMemory.status)
      expect(outputs(context)).toEqual(outputs(inMemory.context))
    })
  }

  it('whose functions come with a flow that it is part of', async () => {
    const functions = new Map([['fn_1a', node]])
    const flow: Flow = { toBlueprint: calling, getFunctionRegistry: () => functions }

    const service = new TestService({ flows: [flow], blueprints: { child: child() } })

    expect(await service.run({ blueprintId: 'order' })).toMatchObject({
      status: 'completed',
      context: { call: 1 },
    })
  })

  it('though a subflow that no run comes to lacks its functions', () => {
    const blueprint: WorkflowBlueprint = {
      id: 'order',
      nodes: [{ id: 'a', uses: 'work' }, ...calling().nodes],
      edges: [{ source: 'call', target: 'call' }],
    }

    expect(
      problemsOf({ blueprints: { order: blueprint, child: child() }, registry: { work: node } }),
    ).toEqual([])
  })

  it('not where two flows mean other functions by the key that it names', () => {
    const flows = [node, other].map((one, at): Flow => ({
      toBlueprint: () => ({ id: `flow ${at}`, nodes: [{ id: 'n', uses: 'fn_1a' }], edges: [] }),
      getFunctionRegistry: () => new Map([['fn_1a', one]]),
    }))

    expect(problemsOf({ flows, blueprints: { child: child() } })).toEqual([
      "blueprint 'child': Node implementation key 'fn_1a' is not found in the provided registry.",
    ])
  })

  it('with a loop of the builder', () => {
    const flow = createFlow('order')
      .node('a', node)
      .loop('again', { startNodeId: 'a', endNodeId: 'a', condition: 'more' })

    expect(problemsOf({ flows: [flow] })).toEqual([])
  })

  for (const id of ['constructor', '__proto__', 'größe 📦', 'a/b#c']) {
    it(`with the id '${id}', and runs`, async () => {
      const service = new TestService({ flows: [createFlow(id).node('a', node)] })

      expect(await service.run({ blueprintId: id })).toMatchObject({ status: 'completed', context: { a: 1 } })
    })
  }

  it('nowhere: no blueprints are no problem', () => {
    expect(register({}).blueprints).toEqual({})
  })
})

describe('an unknown blueprint', () => {
  it('is told with those that are known', () => {
    expect(unknownBlueprint('x', [])).toMatchObject({
      code: 'UNKNOWN_BLUEPRINT',
      message: "no blueprint 'x' here; none is registered",
    })
    expect(unknownBlueprint('x', ['a', 'b']).message).toBe("no blueprint 'x' here; registered: 'a', 'b'")
  })
})

const wide = (count: number) =>
  plain({ nodes: Array.from({ length: count }, (_, at) => ({ id: `n${at}`, uses: 'work' })), edges: [] })

describe('the size of a blueprint', () => {
  it('beyond which its header could pass what an item may have is refused, and said', () => {
    const registry = { work: node }

    expect(problemsOf({ blueprints: { order: wide(NODES_AT_MOST + 1) }, registry })).toEqual([
      "blueprint 'order' has 5001 nodes; at most 5000, or its state could outgrow an item of 400 KB",
    ])
  })

  it('that is allowed leaves 140 KB of the header to values, though all its nodes wait at a time', () => {
    const nodes = Array.from({ length: NODES_AT_MOST }, (_, at) => at)
    const last = NODES_AT_MOST - 1
    const at = Date.UTC(2100, 0, 1)
    const entry: ActiveEntry = {
      scheduledBy: `${last}.1000`,
      inline: false,
      source: last,
      suspensions: 9,
      wait: { kind: 'retry', at, tries: 9 },
    }
    const header = packHeader({
      runId: 'r'.repeat(200),
      blueprintId: 'b'.repeat(500),
      graph: fingerprintOf(plain()),
      active: new Map(nodes.map((one) => [activationKey(one, 1_000), entry])),
      fired: new Set(nodes),
      iterations: new Map(nodes.map((one) => [one, 1_000])),
      inlineValues: new Map(),
      startedAt: at,
    })

    expect(itemBytes(marshall(header, { removeUndefinedValues: true }))).toBeLessThan(260_000)
  })
})

import { createFlow } from 'flowcraft'
import { describe, expect, it, vi } from 'vitest'
import { flows as audits } from '../../../examples/dependency-audit/flow.ts'
import { register } from '../../../lib/core/blueprints/registration.ts'
import { warningsOf } from '../../../lib/core/blueprints/warnings.ts'
import { TestService } from '../../../lib/testing/index.ts'
import { failing, graph, rounds, value } from '../../conformance/case.ts'

const warned = ({ blueprint }: ReturnType<typeof graph>) => warningsOf({ case: blueprint })

const hooked = (edges: string[]) =>
  graph(
    {
      hook: { run: 'webhook' },
      paid: { run: 'wait', params: { eventName: 'webhook:hook' } },
      ship: value(1),
      late: value(1),
    },
    ['hook>paid', ...edges],
  )

describe('a blueprint is warned of', () => {
  it("an 'all' join that a predecessor may pass by", () => {
    const nodes = { a: value(1), b: value(1), other: value(1), join: value(1) }
    const branch = graph(nodes, ['a>join:left', 'a>other:right', 'b>join'])

    expect(warned(branch)).toEqual([
      "blueprint 'case': 'join' waits for all of its predecessors, and 'a' may go elsewhere; joinStrategy 'any' may be meant",
    ])
    expect(
      warned(
        graph({ ...nodes, join: { run: value(1), any: true } }, ['a>join:left', 'a>other:right', 'b>join']),
      ),
    ).toEqual([])
    expect(warned(graph(nodes, ['a>join', 'a>other', 'b>join']))).toEqual([])
    expect(warned(graph(nodes, ['a>join:left', 'a>other:right']))).toEqual([])
  })

  it('`checkpoint: false` where it does nothing: on a node that waits, or that nothing follows', () => {
    const off = { checkpoint: false } as const
    const chain = graph(
      {
        a: { run: value(1), ...off },
        child: { run: 'subflow', params: { blueprintId: 'other' }, ...off },
        pause: { run: 'sleep', params: { duration: '1h' }, ...off },
        scatter: { run: 'batch-scatter', ...off },
        hook: { run: 'webhook', ...off },
        last: { run: value(1), ...off },
        on: { run: value(1), checkpoint: true },
      },
      ['a>child', 'child>pause', 'pause>scatter', 'scatter>hook', 'hook>last', 'a>on'],
    )

    expect(warned(chain)).toEqual([
      "blueprint 'case': checkpoint: false does nothing on 'child', which waits for a child run",
      "blueprint 'case': checkpoint: false does nothing on 'pause', which waits",
      "blueprint 'case': checkpoint: false does nothing on 'scatter', which waits for the items of a batch",
      "blueprint 'case': checkpoint: false does nothing on 'hook', which gives a URL that may be out before a crash",
      "blueprint 'case': checkpoint: false does nothing on 'last', which leads to no other node",
    ])
  })

  it('what no run comes to: nodes, and edges from or to what is no node', () => {
    const nodes = { a: value(1), b: value(1), c: value(1), d: { run: value(1), any: true } }

    expect(warned(graph(nodes, ['a>d', 'b>c', 'c>b', 'b>ghost', 'ghost>c', 'ghost>d']))).toEqual([
      "blueprint 'case': no run comes to node 'b'",
      "blueprint 'case': no run comes to node 'c'",
      "blueprint 'case': no run takes the edge from 'b' to 'ghost', which is no node",
      "blueprint 'case': no run takes the edge from 'ghost' to 'c': 'ghost' is no node, and 'c' waits for it for ever",
      "blueprint 'case': no run takes the edge from 'ghost' to 'd': 'ghost' is no node",
    ])
    const standIn = { a: { run: value(1), fallback: 'b' }, b: value(1), c: value(1) }
    expect(warned(graph(standIn, ['a>c']))).toEqual([])
  })

  it('a loop that cannot end, and a fallback that ends one', () => {
    const nodes = {
      start: value('go'),
      body: { run: rounds('n', 3), any: true },
      risky: { run: failing('broke'), fallback: 'plan' },
      plan: value(1),
      loop: { run: 'loop-controller', params: { condition: 'nAgain' } },
    }
    const edges = ['start>body', 'body>risky', 'risky>loop', 'loop>body:continue']

    expect(warned(graph(nodes, edges))).toEqual([
      "blueprint 'case': loop 'loop' has no 'break' edge, so its body runs again when it should end",
      "blueprint 'case': the fallback of 'risky' ends loop 'loop' in the round that uses it",
    ])
  })

  it('a wait for a webhook, whose calls choose none of its edges', () => {
    expect(warned(hooked(['paid>ship:paid', 'paid>late:timeout']))).toEqual([
      "blueprint 'case': 'paid' waits for a webhook, whose calls have no action, and each of its edges names one: all are taken",
    ])
    expect(warned(hooked(['paid>ship', 'paid>late:timeout']))).toEqual([])
  })

  it('nothing where nothing is odd', () => {
    expect(warningsOf(register({ flows: audits }).blueprints)).toEqual([])
  })
})

it('a node whose action no edge names is told when it runs', async () => {
  const warn = vi.fn()
  const logger = { debug() {}, info() {}, warn, error() {} }
  const flow = createFlow('order')
    .node('a', async () => ({ output: 1, action: 'typo' }))
    .node('b', async () => ({}))
    .node('c', async () => ({}))
    .edge('a', 'b', { action: 'approve' })
    .edge('a', 'c', { action: 'reject' })

  const { runId, nodes } = await new TestService({ flows: [flow], logger }).run({ blueprintId: 'order' })

  expect(nodes.completed).toEqual(['a', 'b', 'c'])
  expect(warn).toHaveBeenCalledWith('no edge names the action of a node', {
    runId,
    nodeId: 'a',
    action: 'typo',
  })
})

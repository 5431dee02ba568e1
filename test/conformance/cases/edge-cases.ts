/** Edges: what a node is given where several edges could give it something, and evaluators that throw. */
import type { EdgeDefinition, IEvaluator, NodeContext, NodeResult } from 'flowcraft'
import { type ConformanceCase, echo, failing, graph, type Setup, trail, value } from '../case.ts'
import type { Outcome } from '../outcome.ts'

type Run = (context: NodeContext) => Promise<NodeResult>

const amended = { output: { id: 7 }, amended: { id: 8 } }

/** Gives `action`, and an output that has something to transform. */
const review = (action?: string): Run => value({ ...amended, ok: action === 'approved', late: false }, action)

const MIXED = ['review>ship:approved', 'review>ship:amended=input.amended', 'ship>end']

/** Which of these keys there are when the node runs. */
function sees(...keys: string[]): Run {
  return async ({ context, input }) => {
    const seen = await Promise.all(keys.map(async (key) => [key, await context.has(key)]))
    return { output: { input: (input as unknown) ?? null, seen } }
  }
}

/** Takes these actions, one in each of its rounds. */
function inTurn(key: string, actions: readonly string[]): Run {
  return async ({ context }) => {
    const round = ((await context.get(key)) as number | undefined) ?? 0
    await context.set(key, round + 1)
    return { output: { round, text: `round ${round}` }, action: actions[round] }
  }
}

/** Throws where the expression says so. */
class Throwing implements IEvaluator {
  evaluate(expression: string): unknown {
    if (expression.startsWith('throw')) throw new TypeError(`cannot read '${expression}'`)
    return expression === 'true'
  }
}

const evaluator = new Throwing()

/** In memory the whole run is rejected; here the node fails. */
function rejected(name: string, make: () => Setup, outcome: Partial<Outcome>): ConformanceCase {
  return {
    name,
    make,
    reference: async () => ({
      outcome: { status: 'failed', context: {}, errors: [], executions: {}, calls: {}, ...outcome },
    }),
  }
}

const broke = (id: string, expression: string) =>
  `${id}: the edges of node '${id}' cannot be followed: cannot read '${expression}' <- cannot read '${expression}'`

export const edgeCases: readonly ConformanceCase[] = [
  ...['approved', 'amended'].map((action): ConformanceCase => ({
    name: `two edges between two nodes, one with a transform, by action: ${action}`,
    make: () => graph({ review: review(action), ship: echo, end: trail('end') }, MIXED),
  })),
  ...['approved', 'other'].map((action): ConformanceCase => ({
    name: `two edges between two nodes, one with a transform, by condition: ${action}`,
    make: () =>
      graph({ review: review(action), ship: echo, end: trail('end') }, [
        'review>ship?result.output.ok',
        'review>ship?result.output.amended=input.amended',
        'ship>end',
      ]),
  })),
  {
    name: 'two edges between two nodes, neither of which is taken',
    make: () =>
      graph({ review: review(), ship: echo, other: sees('_inputs.ship', '_inputs.other') }, [
        'review>ship?result.output.late',
        'review>ship?result.output.nothing=input.amended',
        'review>other',
      ]),
  },
  {
    name: 'several edges between two nodes that are all taken: the last one counts',
    make: () =>
      graph(
        { review: review('go'), one: echo, two: echo, three: echo, four: { run: echo, inputs: 'review' } },
        [
          'review>one?result.output.amended',
          'review>one=input.amended',
          'review>two=input.amended',
          'review>two?result.output.amended',
          // The second transform is of what the first one gave.
          'review>three=input.amended',
          'review>three?result.output.amended=input.id',
          'review>four=input.amended',
          'review>four?result.output.amended',
        ],
      ),
  },
  {
    name: 'edges that differ only in their transform: the last one counts',
    make: () =>
      graph({ a: review(), b: echo, c: echo, d: echo }, [
        'a>b=input.amended',
        'a>b',
        'a>c',
        'a>c=input.amended',
        'a>d=input.amended',
        'a>d=input.output',
      ]),
  },
  {
    name: 'two edges between two nodes, one with a transform, into one with inputs of its own',
    make: () =>
      graph(
        {
          a: value({ from: 'a', amended: 'by a' }),
          plain: review('approved'),
          changed: review('amended'),
          p1: { run: echo, inputs: 'a' },
          p2: { run: echo, inputs: { first: 'a', second: 'plain' } },
          p3: { run: echo, inputs: 'nobody' },
          c1: { run: echo, inputs: 'a' },
          c2: { run: echo, inputs: { first: 'a' } },
          c3: { run: echo, inputs: 'nobody' },
        },
        [
          'a>plain',
          'a>changed',
          ...['p1', 'p2', 'p3'].flatMap((id) => [
            `plain>${id}:approved`,
            `plain>${id}:amended=input.amended`,
          ]),
          ...['c1', 'c2', 'c3'].flatMap((id) => [
            `changed>${id}:approved`,
            `changed>${id}:amended=input.amended`,
          ]),
        ],
      ),
  },
  {
    name: 'a fallback with an edge of its own beside the one it inherits',
    make: () =>
      graph(
        {
          a: { run: failing('a broke'), fallback: 'plan' },
          plan: value({ by: 'plan', note: 'n', deep: { note: 'm' } }),
          own: echo,
          inherited: echo,
          both: echo,
        },
        [
          'a>inherited=input.note',
          'plan>own=input.deep.note',
          'a>both=input.deep',
          'plan>both?result.output.by',
        ],
      ),
  },
  {
    name: 'a fallback that is entered by failure, and whose own edge was not taken',
    make: () =>
      graph(
        {
          start: value({ ok: false, n: 1 }),
          a: { run: failing('a broke'), fallback: 'plan' },
          plan: echo,
          after: echo,
        },
        ['start>a', 'start>plan?result.output.ok', 'a>after'],
      ),
  },
  {
    name: 'a node with a fallback that is not used, and edges of both kinds',
    make: () =>
      graph(
        {
          a: { run: review('amended'), fallback: 'plan' },
          plan: value({ amended: 'plan' }),
          b: echo,
          c: echo,
        },
        ['a>b:amended=input.amended', 'a>b:approved', 'plan>b', 'a>c'],
      ),
  },
  {
    name: 'a join whose last predecessor in edge order went elsewhere',
    make: () =>
      graph(
        {
          b: value('from b', 'away'),
          away: trail('away'),
          late: trail('late'),
          join: echo,
          end: trail('end'),
        },
        ['b>away:away', 'away>late', 'late>join', 'b>join', 'join>end'],
      ),
  },
  {
    name: 'inputs in the context: of a join that waits, of nodes whose edge was taken or not',
    make: () =>
      graph(
        {
          a: value({ yes: true, no: false }),
          b: value('b'),
          taken: echo,
          passed: echo,
          join: echo,
          look: sees('_inputs.join', '_inputs.taken', '_inputs.passed', '_inputs.look', '_inputs.never'),
          never: echo,
          stop: failing('stopped'),
        },
        [
          'a>taken?result.output.yes',
          'a>passed?result.output.no',
          'a>join',
          'a>b',
          'b>look',
          'b>stop',
          'stop>join',
          'stop>never',
        ],
      ),
  },
  {
    name: 'what a node of a loop gave in an earlier round',
    make: () =>
      graph(
        {
          start: value('go'),
          turn: { run: inTurn('turns', ['left', 'right', 'left', 'out']), any: true },
          left: { run: trail('left'), any: true },
          right: { run: trail('right'), any: true },
          out: sees('_inputs.left', '_inputs.right', '_inputs.out'),
          last: { run: echo, inputs: { left: '_inputs.left', right: '_inputs.right' } },
        },
        [
          'start>turn',
          'turn>left:left',
          'turn>right:right',
          'left>turn',
          'right>turn',
          'turn>out:out',
          'out>last',
        ],
      ),
  },
  {
    name: 'two edges between two nodes of a cycle, one with a transform, taken in turn',
    make: () =>
      graph(
        {
          turn: { run: inTurn('turns', ['plain', 'plain', 'changed', 'plain', 'out']), any: true },
          work: { run: trail('work'), any: true },
          out: echo,
        },
        ['turn>work:plain', 'turn>work:changed=context.tenant', 'work>turn', 'turn>out:out'],
        { input: { tenant: 't-1' }, metadata: { cycleEntryPoints: ['turn'] } },
      ),
  },
  {
    name: 'nodes that give no result at all',
    make: () => {
      const nothing = (async () => undefined) as unknown as Run
      return graph(
        {
          a: value('a'),
          nothing,
          next: sees('nothing', '_outputs.nothing', '_inputs.next'),
          join: echo,
          b: trail('b'),
        },
        ['a>nothing', 'nothing>next', 'a>b', 'b>join', 'nothing>join'],
      )
    },
  },
  {
    name: 'a transform that is the whole context',
    make: () =>
      graph(
        { a: value({ n: 1 }), b: echo, c: echo, d: { run: echo, inputs: 'a' } },
        ['a>b=context', 'b>c=context.b.tenant', 'c>d=context'],
        { input: { tenant: 't-1', context: 'a key', 'odd key.☃': 2 } },
      ),
  },
  {
    name: 'conditions and transforms on keys of odd names, and of no text at all',
    make: () => {
      const odd = { condition: true, transform: 7 } as unknown as Partial<EdgeDefinition>
      return graph(
        { a: value({ n: 1 }), b: echo, c: echo, d: echo, e: echo, f: echo, g: echo, h: echo },
        [
          'a>b?context',
          'a>c?result',
          'a>d?result.output.n',
          'a>e?_key=context._key',
          { source: 'a', target: 'f', ...odd },
          { source: 'a', target: 'g', transform: 'context..x' },
          { source: 'a', target: 'h', condition: 'constructor' },
        ],
        { input: { context: 'here', _key: { deep: true }, '': { x: 'empty' } } },
      )
    },
  },
  rejected(
    'an evaluator that throws for a condition',
    () =>
      graph({ a: value(1), b: echo, c: echo, d: trail('d') }, ['a>b', 'b>c?throw', 'a>d'], {
        options: { evaluator },
      }),
    {
      context: { a: 1, '_outputs.a': 1, d: ['d', 1], '_outputs.d': ['d', 1], '_inputs.b': 1, '_inputs.d': 1 },
      errors: [broke('b', 'throw')],
      executions: { a: 1, b: 1, d: 1 },
      calls: { a: 1, b: 1, d: 1 },
    },
  ),
  rejected(
    'an evaluator that throws for a transform, of a node with a fallback and tries',
    () =>
      graph(
        { a: { run: value(1), fallback: 'plan', maxRetries: 3 }, b: echo, plan: value('plan B') },
        ['a>b=throw.it'],
        { options: { evaluator } },
      ),
    { errors: [broke('a', 'throw.it')], executions: { a: 1 }, calls: { a: 1 } },
  ),
  rejected(
    'an evaluator that throws behind a wait',
    () =>
      graph({ a: value(1), wait: { run: 'wait' }, b: echo }, ['a>wait', 'wait>b?throw'], {
        options: { evaluator },
        events: [{ nodeId: 'wait', output: 'yes' }],
      }),
    {
      context: { a: 1, '_outputs.a': 1, '_inputs.wait': 1 },
      errors: [broke('wait', 'throw')],
      executions: { a: 1, wait: 1 },
      calls: { a: 1 },
    },
  ),
  rejected(
    'an evaluator that throws behind nodes that a node made, of which one fails',
    () =>
      graph(
        { a: async () => ({ output: 1, dynamicNodes: [{ id: 'made', uses: 'breaks' }] }), b: echo },
        ['a>b?throw'],
        { options: { evaluator }, builtIn: { breaks: failing('made broke') } },
      ),
    {
      errors: [broke('a', 'throw'), "made: Node 'made' execution failed <- made broke"],
      executions: { a: 1, made: 1 },
      calls: { a: 1 },
    },
  ),
]

/** `retry` of a node's config. In memory by `extendRuntime`, which is told not to wait. */
import { BaseNode, type NodeConfig, type NodeContext, type NodeFunction, type NodeResult } from 'flowcraft'
import { type ConformanceCase, failing, graph, trail, value } from '../case.ts'

class RateLimited extends Error {
  override readonly name = 'RateLimited'
  readonly code = 'TOO_MANY'
}

type Fail = (tries: number) => Error

/** Fails by these, one try after the other, then gives the number of its tries. */
function flaky(...failures: Fail[]): NodeFunction {
  return async ({ context }: NodeContext): Promise<NodeResult> => {
    const tries = (((await context.get('tries')) as number | undefined) ?? 0) + 1
    await context.set('tries', tries)
    const fail = failures[tries - 1]
    if (fail) throw fail(tries)
    return { output: tries }
  }
}

const plain: Fail = (tries) => new Error(`broke at try ${tries}`)
const limited: Fail = () => new RateLimited('slow down')
const caused: Fail = (tries) => new Error(`broke at try ${tries}`, { cause: new RateLimited('slow down') })
/** In HTTP's words. */
const busy: Fail = () => Object.assign(new Error('busy'), { retryAfter: '0' })

const caseOf = (
  name: string,
  failures: readonly Fail[],
  retry: NonNullable<NodeConfig['retry']>,
  more: Pick<ConformanceCase, 'instead' | 'notForked'> & { readonly fallback?: boolean } = {},
): ConformanceCase => {
  const { fallback, ...rest } = more
  return {
    name,
    make: () =>
      graph(
        {
          start: value('go'),
          flaky: { run: flaky(...failures), retry, ...(fallback && { fallback: 'spare' }) },
          ...(fallback && { spare: value('spare') }),
          end: trail('end'),
        },
        ['start>flaky', 'flaky>end'],
      ),
    ...rest,
  }
}

class Careful extends BaseNode {
  override async exec(_: unknown, call: NodeContext) {
    return flaky(plain, plain)(call)
  }
  override async fallback() {
    return { output: 'by its own fallback' }
  }
}

const items = (retry: NonNullable<NodeConfig['retry']>, failures: number): ConformanceCase['make'] => {
  const gathering = { outputKey: 'results', gatherNodeId: 'gather' }
  const worker = async ({ input, context }: NodeContext) => {
    const key = `tries of ${String(input)}`
    const tries = (((await context.get(key)) as number | undefined) ?? 0) + 1
    await context.set(key, tries)
    if (input === 2 && tries <= failures) throw new Error(`item broke at try ${tries}`)
    return { output: tries }
  }
  return () =>
    graph(
      {
        make: value([1, 2, 3]),
        scatter: {
          run: 'batch-scatter',
          inputs: 'make',
          params: { workerUsesKey: 'worker', ...gathering },
          retry,
        },
        gather: { run: 'batch-gather', params: gathering },
        end: trail('end'),
      },
      ['make>scatter', 'scatter>gather', 'gather>end'],
      { builtIn: { worker } },
    )
}

/** Of each child run: what it sees of earlier ones is nothing, so it counts in a closure. */
function subflow(failures: number, retry: NonNullable<NodeConfig['retry']>): ConformanceCase['make'] {
  return () => {
    let tries = 0
    const child = {
      id: 'child',
      nodes: [{ id: 'inner', uses: 'inner' }],
      edges: [],
    }
    const inner = async () => {
      if (++tries <= failures) throw limited(tries)
      return { output: tries }
    }
    return graph(
      { call: { run: 'subflow', params: { blueprintId: 'child' }, retry }, end: trail('end') },
      ['call>end'],
      { blueprints: [child], builtIn: { inner } },
    )
  }
}

export const retryCases: readonly ConformanceCase[] = [
  caseOf('a third try', [plain, plain], { delay: 1 }),
  caseOf('tries that all fail', [plain, plain, plain], { delay: 1, backoff: 'fixed' }),
  caseOf('tries of which the last comes too late', [plain, plain], { maxAttempts: 2, delay: 0 }),
  caseOf('a retry for errors of a name, and one of another', [limited, plain], {
    maxAttempts: 9,
    delay: 1,
    when: 'RateLimited',
  }),
  caseOf('a retry for errors of a code', [limited, limited], { delay: 1, when: ['OTHER', 'TOO_MANY'] }),
  caseOf('a retry for errors by their cause', [caused], { delay: 1, when: ['RateLimited'] }),
  caseOf('a retry for errors by their message', [plain, limited], {
    delay: 1,
    when: [{ message: '^broke' }],
  }),
  caseOf(
    'a fallback after an error that is not tried again',
    [limited],
    { delay: 1, when: ['OTHER'] },
    { fallback: true },
  ),
  caseOf('a fallback after the last try', [plain, plain], { maxAttempts: 2, delay: 1 }, { fallback: true }),
  caseOf('an error that asks for a later try', [busy], { delay: 0 }),
  {
    name: "a class's own fallback after its last try",
    make: () => graph({ a: { run: Careful, retry: { maxAttempts: 2, delay: 1 } }, b: trail('b') }, ['a>b']),
  },
  caseOf(
    'tries hours apart, each twice as far as the one before',
    [plain, plain],
    { delay: '2h' },
    { instead: { executions: { start: 1, flaky: 3, end: 1 } } },
  ),
  caseOf(
    'tries hours apart, with an error that is not tried again',
    [limited, plain],
    { delay: '2h', when: ['RateLimited'] },
    { instead: { executions: { start: 1, flaky: 2 } } },
  ),
  caseOf(
    'tries hours apart that all fail',
    [plain, plain, plain],
    { delay: '2h' },
    {
      instead: { executions: { start: 1, flaky: 3 } },
      notForked: 'a node that waits for its next try begins anew, and has all of its tries',
    },
  ),
  { name: 'a batch whose items are tried again', make: items({ delay: 1 }, 2) },
  { name: 'a batch with an item whose tries all fail', make: items({ maxAttempts: 2, delay: 1 }, 2) },
  {
    name: 'a made node that is tried again',
    make: () =>
      graph(
        {
          maker: async () => ({
            output: 'made',
            dynamicNodes: [{ id: 'made', uses: 'flaky', config: { retry: { delay: 1 } } }],
          }),
          end: trail('end'),
        },
        ['maker>end'],
        { builtIn: { flaky: flaky(plain, plain) } },
      ),
  },
  {
    name: 'a subflow that is tried again for what failed in it',
    notSimulated: 'nodes that remember more than their context',
    make: subflow(1, { delay: 1, when: ['RateLimited'] }),
    instead: { executions: { call: 2, inner: 2, end: 1 } },
  },
  {
    name: 'a subflow that fails by what it is not tried again for',
    notSimulated: 'nodes that remember more than their context',
    make: subflow(1, { delay: 1, when: [{ message: 'no such thing' }] }),
    instead: {
      errors: [
        "call: Sub-workflow 'child' did not complete successfully. Status: failed. Error: Node 'inner' execution failed <- Node 'inner' execution failed",
      ],
    },
  },
  {
    name: 'a node that fails for good though it has a retry for others beside it',
    make: () =>
      graph(
        {
          a: { run: flaky(plain), retry: { delay: 1 } },
          b: failing('b broke'),
          join: trail('join'),
        },
        ['a>join', 'b>join'],
      ),
  },
]

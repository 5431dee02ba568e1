/** Waits and sleeps. In memory they stop the run, and resuming ignores the action; the kit does what the guides say. */
import { RetryAfterError } from '../../../lib/core/common/node-errors.ts'
import { type ConformanceCase, echo, graph, rounds, type Setup, trail, value } from '../case.ts'
import type { Outcome } from '../outcome.ts'
import { controller } from './loop-parts.ts'

/** Outputs under both of their keys, and other keys as they are. */
function outcome(
  outputs: Readonly<Record<string, unknown>>,
  executions: Readonly<Record<string, number>>,
  more: { keys?: Record<string, unknown>; status?: string; calls?: Record<string, number> } = {},
): Outcome {
  const entries = Object.entries(outputs).flatMap(([id, output]) => [
    [id, output],
    [`_outputs.${id}`, output],
  ])
  const context = [...entries, ...Object.entries(more.keys ?? {})] as [string, unknown][]
  const own = Object.entries(executions).filter(([id]) => !/^(wait|sleep|loop|call)/.test(id))
  return {
    status: more.status ?? 'completed',
    errors: [],
    context: Object.fromEntries(context.toSorted(([a], [b]) => (a < b ? -1 : 1))),
    executions,
    calls: more.calls ?? Object.fromEntries(own),
  }
}

function approval(events: Setup['events']): Setup {
  return graph(
    { ask: value('please'), wait: { run: 'wait' }, yes: trail('yes'), no: trail('no') },
    ['ask>wait', 'wait>yes:approve', 'wait>no:reject'],
    { events },
  )
}

function sleeps(durations: Record<string, string>, edges: string[]): Setup {
  const nodes = Object.entries(durations).map(([id, duration]) => [
    id,
    { run: 'sleep', params: { duration } },
  ])
  return graph({ start: value('go'), ...Object.fromEntries(nodes), end: value('end') }, [
    ...edges,
    'sleep2>end',
  ])
}

export const pauseCases: readonly ConformanceCase[] = [
  {
    name: 'a wait whose event approves',
    make: () => approval([{ nodeId: 'wait', action: 'approve', output: { by: 'Ada' } }]),
    instead: outcome(
      { ask: 'please', wait: { by: 'Ada' }, yes: ['yes', { by: 'Ada' }] },
      { ask: 1, wait: 1, yes: 1 },
    ),
  },
  {
    name: 'a wait whose event rejects',
    make: () => approval([{ nodeId: 'wait', action: 'reject' }]),
    instead: outcome({ ask: 'please', no: ['no', null] }, { ask: 1, wait: 1, no: 1 }),
  },
  {
    name: 'a wait that has a large value and gets another',
    make: () => {
      const [question, answer] = ['?'.repeat(400), '!'.repeat(400)]
      return graph(
        { start: value('go'), ask: value(question), wait: { run: 'wait' }, end: trail('end') },
        ['start>ask', 'ask>wait', 'wait>end'],
        { events: [{ nodeId: 'wait', output: answer }] },
      )
    },
    instead: outcome(
      { start: 'go', ask: '?'.repeat(400), wait: '!'.repeat(400), end: ['end', '!'.repeat(400)] },
      { start: 1, ask: 1, wait: 1, end: 1 },
    ),
  },
  {
    name: 'a wait that nobody ends',
    make: () => approval([]),
    instead: outcome({ ask: 'please' }, { ask: 1, wait: 1 }, { status: 'awaiting' }),
    notSimulated: 'it does not end',
  },
  {
    name: 'two waits, one after the other and twice over, into a join',
    make: () =>
      graph(
        { start: value('go'), wait1: { run: 'wait' }, wait2: { run: 'wait' }, join: echo, end: trail('end') },
        ['start>wait1', 'start>wait2', 'wait1>join', 'wait2>join', 'join>end'],
        {
          events: [
            { nodeId: 'wait2', output: 2 },
            { nodeId: 'wait2', output: 'again' },
            { nodeId: 'wait1', output: 1 },
          ],
        },
      ),
    instead: outcome(
      { start: 'go', wait1: 1, wait2: 2, join: 2, end: ['end', 2] },
      { start: 1, wait1: 1, wait2: 1, join: 1, end: 1 },
    ),
  },
  {
    name: 'a wait beside work that goes on',
    make: () =>
      graph(
        { start: value('go'), wait: { run: 'wait' }, a: trail('a'), b: trail('b'), join: value('joined') },
        ['start>wait', 'start>a', 'a>b', 'wait>join', 'b>join'],
        { events: [{ nodeId: 'wait', output: 'now' }] },
      ),
    instead: outcome(
      { start: 'go', wait: 'now', a: ['a', 'go'], b: ['b', ['a', 'go']], join: 'joined' },
      { start: 1, wait: 1, a: 1, b: 1, join: 1 },
    ),
  },
  {
    name: 'a sleep of 20 minutes',
    make: () =>
      graph({ start: value('go'), sleep: { run: 'sleep', params: { duration: '20m' } }, end: trail('end') }, [
        'start>sleep',
        'sleep>end',
      ]),
    instead: outcome({ start: 'go', sleep: 'go', end: ['end', 'go'] }, { start: 1, sleep: 1, end: 1 }),
  },
  {
    name: 'a sleep of 30 days beside one of milliseconds',
    make: () =>
      graph(
        {
          start: value('go'),
          sleep1: { run: 'sleep', params: { duration: '30d' } },
          sleep2: { run: 'sleep', params: { duration: 5 } },
          end: value('end'),
        },
        ['start>sleep1', 'start>sleep2', 'sleep1>end', 'sleep2>end'],
      ),
    instead: outcome(
      { start: 'go', sleep1: 'go', sleep2: 'go', end: 'end' },
      { start: 1, sleep1: 1, sleep2: 1, end: 1 },
    ),
  },
  {
    name: 'sleeps of 20 minutes and 3 hours side by side',
    make: () => sleeps({ sleep1: '20m', sleep2: '3h' }, ['start>sleep1', 'start>sleep2', 'sleep1>end']),
    instead: outcome(
      { start: 'go', sleep1: 'go', sleep2: 'go', end: 'end' },
      { start: 1, sleep1: 1, sleep2: 1, end: 1 },
    ),
  },
  {
    name: 'a sleep that begins when the sweep comes for another',
    make: () =>
      sleeps({ sleep1: '20m', sleep2: '3h', sleep3: '5m', sleep4: '16m' }, [
        'start>sleep1',
        'start>sleep2',
        'start>sleep3',
        'sleep3>sleep4',
        'sleep1>end',
        'sleep4>end',
      ]),
    instead: outcome(
      { start: 'go', sleep1: 'go', sleep2: 'go', sleep3: 'go', sleep4: 'go', end: 'end' },
      { start: 1, sleep1: 1, sleep2: 1, sleep3: 1, sleep4: 1, end: 1 },
    ),
  },
  {
    name: 'a wait whose event does not come',
    make: () =>
      graph(
        {
          start: value('go'),
          wait: { run: 'wait', params: { timeout: '2h' } },
          yes: trail('yes'),
          late: trail('late'),
        },
        ['start>wait', 'wait>yes:approve', 'wait>late:timeout'],
      ),
    instead: outcome({ start: 'go', late: ['late', null] }, { start: 1, wait: 1, late: 1 }),
  },
  {
    name: 'a wait that fails since its event does not come',
    make: () =>
      graph(
        {
          start: value('go'),
          wait: { run: 'wait', params: { timeout: '5m' }, fallback: 'late' },
          yes: trail('yes'),
          late: value('late'),
        },
        ['start>wait', 'wait>yes:approve'],
      ),
    instead: outcome({ start: 'go', wait: null, late: 'late' }, { start: 1, wait: 1, late: 1 }),
  },
  {
    name: 'a sleeper that is woken',
    make: () =>
      graph(
        { start: value('go'), sleep: { run: 'sleep', params: { duration: '3h' } }, end: trail('end') },
        ['start>sleep', 'sleep>end'],
        { events: [{ nodeId: 'sleep' }] },
      ),
    instead: outcome({ start: 'go', sleep: 'go', end: ['end', 'go'] }, { start: 1, sleep: 1, end: 1 }),
  },
  {
    name: 'a small and a large value that belong together, read after a sleep',
    make: () => {
      let calls = 0
      return graph(
        {
          start: async ({ context }) => {
            const call = ++calls
            await context.set('small', call)
            await context.set('large', `${call} ${'x'.repeat(1_000)}`)
            return { output: 'go' }
          },
          sleep: { run: 'sleep', params: { duration: '2m' } },
          end: async ({ context }) => {
            const output = `${await context.get('large')}`.startsWith(`${await context.get('small')} `)
            await context.delete('small')
            await context.delete('large')
            return { output }
          },
        },
        ['start>sleep', 'sleep>end'],
      )
    },
    instead: outcome({ start: 'go', sleep: 'go', end: true }, { start: 1, sleep: 1, end: 1 }),
  },
  {
    name: 'a loop whose body waits',
    make: () =>
      graph(
        {
          start: value('go'),
          body: { run: rounds('n', 3), any: true },
          wait: { run: 'wait' },
          loop: controller('nAgain'),
          end: value('end'),
        },
        ['start>body', 'body>wait', 'wait>loop', 'loop>body:continue', 'loop>end:break'],
        { events: [1, 2, 3].map((output) => ({ nodeId: 'wait', output })) },
      ),
    instead: outcome(
      { start: 'go', body: { count: 3, again: false, over: true }, wait: 3, loop: null, end: 'end' },
      { start: 1, body: 3, wait: 3, loop: 3, end: 1 },
      { keys: { n: 3, nAgain: false }, calls: { start: 1, body: 3, end: 1 } },
    ),
  },
  {
    name: 'tries a minute apart, each of which sets a large value',
    make: () =>
      graph(
        {
          flaky: {
            run: async ({ context }) => {
              const before = ((await context.get('tried')) as string | undefined) ?? ''
              const tried = `${before}${'x'.repeat(300)}`
              await context.set('tried', tried)
              if (tried.length < 900) throw new Error('again')
              return { output: tried.length }
            },
            maxRetries: 3,
            retryDelay: 60_000,
          },
          end: trail('end'),
        },
        ['flaky>end'],
      ),
    instead: outcome(
      { flaky: 900, end: ['end', 900] },
      { flaky: 3, end: 1 },
      { keys: { tried: 'x'.repeat(900) }, calls: { flaky: 3, end: 1 } },
    ),
  },
  {
    name: 'a try that asks for a later one, how much later it says',
    make: () =>
      graph(
        {
          busy: {
            run: async ({ context }) => {
              const count = (((await context.get('tries')) as number | undefined) ?? 0) + 1
              await context.set('tries', count)
              if (count === 1) throw new RetryAfterError('too many requests', { seconds: 2 })
              return { output: count }
            },
            maxRetries: 2,
            retryDelay: 1_100,
          },
          end: trail('end'),
        },
        ['busy>end'],
      ),
    instead: outcome(
      { busy: 2, end: ['end', 2] },
      { busy: 2, end: 1 },
      { keys: { tries: 2 }, calls: { busy: 2, end: 1 } },
    ),
  },
  {
    name: 'tries that the queue keeps apart',
    make: () =>
      graph(
        {
          start: value('go'),
          flaky: {
            run: async ({ context }) => {
              const count = (((await context.get('tries')) as number | undefined) ?? 0) + 1
              await context.set('tries', count)
              if (count < 3) throw new Error(`try ${count}`)
              return { output: count }
            },
            maxRetries: 3,
            retryDelay: 3_600_000,
          },
          end: trail('end'),
        },
        ['start>flaky', 'flaky>end'],
      ),
    instead: outcome(
      { start: 'go', flaky: 3, end: ['end', 3] },
      { start: 1, flaky: 3, end: 1 },
      { keys: { tries: 3 }, calls: { start: 1, flaky: 3, end: 1 } },
    ),
  },
]

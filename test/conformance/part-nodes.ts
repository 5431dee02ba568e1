/** What the nodes of a part do. */
import type { NodeConfig, NodeContext, NodeResult } from 'flowcraft'
import type { Side } from './draft.ts'
import type { PartPlan } from './plan.ts'

export function answerOf(name: string, answer: string): { output?: unknown; action?: string } {
  if (answer === 'nothing') return {}
  const output = { yes: true, answer: name }
  return answer === 'yes' ? { output } : { output, action: answer }
}

type Run = (call: NodeContext) => Promise<NodeResult>

async function count({ context }: NodeContext, key: string): Promise<number> {
  const next = (((await context.get(key)) as number | undefined) ?? 0) + 1
  await context.set(key, next)
  return next
}

/** Goes on until its round is the last, and begins again at one after that. */
export function counting(name: string, rounds: number): Run {
  return async (call) => {
    const all = await count(call, `rounds ${name}`)
    const round = ((all - 1) % rounds) + 1
    await call.context.set(`again${name}`, round < rounds)
    return { output: { round } }
  }
}

export function breaking(name: string, round: number): Run {
  return async (call) => {
    const now = await count(call, `breaks ${name}`)
    if (now === round) throw new Error(`${name} broke in round ${round}`)
    return { output: now }
  }
}

export function failingFirst(name: string, failures: number): Run {
  return async (call) => {
    const tries = await count(call, `tries ${name}`)
    if (tries <= failures) throw new Error(`${name} broke at try ${tries}`)
    return { output: { tries, yes: true } }
  }
}

export function workerOf(name: string, worker: (PartPlan & { kind: 'batch' })['worker']): Run {
  return async (call) => {
    const { input, context } = call
    const { n } = input as { n: number }
    if (worker === 'flaky' && n % 3 === 1 && (await count(call, `${name} tried ${n}`)) === 1)
      throw new Error(`${name} item ${n} broke at first`)
    if (worker === 'fail' && n % 4 === 2) throw new Error(`${name} item ${n} broke`)
    if (worker === 'odd' && n % 2 === 0) return { output: undefined }
    if (worker === 'keys') await context.set(`${name} saw ${n}`, n)
    return { output: n * 2 }
  }
}

/** The engine in memory does not wait by `retryDelay`, and by `retry` its helper is told not to. */
export function triesOf(
  { by, tries }: PartPlan & { kind: 'flaky' },
  byQueue: boolean,
  side: Side,
): NodeConfig {
  if (by === undefined || by === 'numbers')
    return { maxRetries: tries, ...(byQueue && side === 'kit' && { retryDelay: 3_600_000 }) }
  const delay = byQueue ? '1h' : 1
  const when = by === 'when' ? { when: [{ message: 'at try 1$' }] } : {}
  return { retry: { maxAttempts: tries, delay, jitter: byQueue ? 'none' : 'full', ...when } }
}

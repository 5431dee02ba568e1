/** Nodes that count their calls, and fail while they are broken: for tests of what is taken up again. */
import type { FlowBuilder, NodeFunction } from 'flowcraft'
import { TestService } from '../../lib/testing/index.ts'
import { quiet } from '../end-to-end/driver.ts'

export function workshop() {
  const calls: Record<string, number> = {}
  const broken = new Set<string>()
  /** @param then - what it does where it is not broken; by default it gives its id and its calls so far */
  const node =
    (id: string, then?: NodeFunction): NodeFunction =>
    async (context) => {
      calls[id] = (calls[id] ?? 0) + 1
      if (broken.has(id)) throw new Error(`${id} is broken`)
      return then ? then(context) : { output: `${id} ${calls[id]}` }
    }
  return { calls, broken, node }
}

export function serviceOf(flow: FlowBuilder): TestService {
  return new TestService({ flows: [flow], ...quiet }) as unknown as TestService
}

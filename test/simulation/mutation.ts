/** Ways to weaken the protocol, to show that the simulation notices. */
import { sendJobs } from '../../lib/adapter/outgoing.ts'
import type { Services } from '../../lib/adapter/services.ts'
import type { StoreMutation } from './observed-store.ts'

export interface Mutation extends StoreMutation {
  /** Who finds that a successor took over acknowledges all the same. */
  readonly zombieAcknowledges?: boolean
  /** A message whose work is done sends nothing again. */
  readonly noResend?: boolean
  /** Jobs go out before the commit that schedules them, and not after it. */
  readonly sendFirst?: boolean
}

/** The services of one invocation, with what a mutation changes of them. */
export function mutated(services: Services, { noResend, sendFirst }: Mutation): Services {
  if (!noResend && !sendFirst) return services
  let committed = false
  const commit: Services['store']['commit'] = async (runId, change, seen) => {
    committed = true
    if (sendFirst) {
      const run = await services.store.read(runId)
      const graph = run && (await services.graphs.of(run.blueprintId, run.graph as string))
      const queued = [...change.schedule].filter(([, { inline }]) => !inline).map(([key]) => key)
      if (run && graph) await sendJobs(services, graph, run, queued)
    }
    return services.store.commit(runId, change, seen)
  }
  const store = new Proxy(services.store, {
    get: (target, name: keyof Services['store']) => (name === 'commit' ? commit : target[name]),
  })
  const send: Services['queue']['send'] = async (jobs) => {
    if (noResend && !committed) return
    if (sendFirst && committed) return
    await services.queue.send(jobs)
  }
  return { ...services, store, queue: { send } }
}

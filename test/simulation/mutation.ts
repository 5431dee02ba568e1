/** Ways to weaken the protocol, to show that the simulation notices: what the store forgets, and how processes err. */
import type { ChildRequest } from '../../lib/core/blueprints/subflow-node.ts'
import type { Services } from '../../lib/core/execution/services.ts'
import { names, parseInlineValue } from '../../lib/core/protocol/inline-value.ts'
import type { RunGraph } from '../../lib/core/protocol/run-graph.ts'
import {
  type ActivationKey,
  childIdOf,
  parseActivationKey,
  type RunState,
  START,
} from '../../lib/core/protocol/run-state.ts'
import { sendJobs, sendQueued } from '../../lib/core/run/dispatch.ts'
import { putRun } from '../../lib/core/run/start.ts'
import type { StoredValue } from '../../lib/core/store/run-store.ts'
import type { StoreMutation, WeakStore } from './weak-store.ts'

export interface Mutation extends StoreMutation, ProcessMutation {
  /** Who finds that a successor took over acknowledges all the same. */
  readonly zombieAcknowledges?: boolean
}

interface ProcessMutation {
  /** A message whose work is done sends nothing again. */
  readonly noResend?: boolean
  /** Jobs go out before the commit that schedules them, and not after it. */
  readonly sendFirst?: boolean
  /** A timer's job is sent by the invocation that suspensions the activation, and by no other. */
  readonly timerOnce?: boolean
  /** The sweep moves the time of its next look before it sends. */
  readonly sweepMovesFirst?: boolean
  /** Whoever gives an event sends nothing. */
  readonly eventUnsent?: boolean
  /** Whoever gives an event goes by what it saw before. */
  readonly eventByOldLook?: boolean
  /** Whoever finds an event given already sends nothing. */
  readonly eventOnce?: boolean
  /** The end of a wait's time is not put where its event would be. */
  readonly timeoutUnput?: boolean
  /** A sleeper is given an event without being asked to wait for it. */
  readonly sleeperUnasked?: boolean
  /** Whoever gets the message of a timer asks its own clock. */
  readonly distrusted?: boolean
  /** A child run is made before its parent waits for it. */
  readonly childFirst?: boolean
  /** The end of a run is marked as told before it is. */
  readonly publishedFirst?: boolean
  /** A loop's controller does not wait for what is active inside the loop. */
  readonly undrained?: boolean
  /** What an activation sets is in the header before its commit. */
  readonly earlyValues?: boolean
}

/** The services of one invocation, with what a mutation changes of them. */
export function mutated(services: Services, mutation: Mutation): Services {
  let weak = services
  for (const [name, weaken] of Object.entries(weakenings)) {
    if (mutation[name as keyof ProcessMutation]) weak = weaken(weak)
  }
  return weak
}

type Store = Services['store']

const weakenings: Record<keyof ProcessMutation, (services: Services) => Services> = {
  noResend(services) {
    let committed = false
    return withStore(
      services,
      ({ commit }) => ({
        commit: (...args) => {
          committed = true
          return commit(...args)
        },
      }),
      async (...args) => void (committed && (await services.queue.send(...args))),
    )
  },

  sendFirst(services) {
    let committed = false
    return withStore(
      services,
      ({ commit, read }) => ({
        commit: async (runId, change, seen) => {
          committed = true
          const run = await read(runId)
          const graph = run && (await services.graphs.of(run.blueprintId, run.graph as string))
          const queued = [...change.schedule].filter(([, { inline }]) => !inline).map(([key]) => key)
          if (run && graph) await sendJobs({ services, graph, run }, queued)
          return commit(runId, change, seen)
        },
      }),
      async (...args) => void (!committed && (await services.queue.send(...args))),
    )
  },

  timerOnce(services) {
    let suspended = false
    return withStore(
      services,
      ({ commit }) => ({
        commit: (runId, change, seen) => {
          suspended ||= change.suspend !== undefined
          return commit(runId, change, seen)
        },
      }),
      async (jobs, seconds = 0) =>
        void ((suspended || seconds === 0) && (await services.queue.send(jobs, seconds))),
    )
  },

  sweepMovesFirst(services) {
    let held: (() => Promise<void>)[] | undefined
    return withStore(
      services,
      ({ due, reschedule }) => ({
        due: (now) => {
          held = []
          return due(now)
        },
        reschedule: async (runId, seen) => {
          const moved = await reschedule(runId, seen)
          for (const send of held?.splice(0) ?? []) await send()
          return moved
        },
      }),
      async (...args) => {
        if (held) held.push(() => services.queue.send(...args))
        else await services.queue.send(...args)
      },
    )
  },

  eventUnsent(services) {
    let given = false
    return withStore(
      services,
      ({ putOnce }) => ({
        putOnce: (runId, key, value) => {
          given ||= key.startsWith('event#')
          return putOnce(runId, key, value)
        },
      }),
      async (...args) => void (!given && (await services.queue.send(...args))),
    )
  },

  eventByOldLook(services) {
    let given = false
    const looks = new Map<string, RunState | undefined>()
    return withStore(services, ({ putOnce, read }) => ({
      putOnce: (runId, key, value) => {
        given ||= key.startsWith('event#')
        return putOnce(runId, key, value)
      },
      read: async (runId) => {
        if (!given) looks.set(runId, await read(runId))
        return looks.get(runId)
      },
    }))
  },

  eventOnce(services) {
    let late = false
    return withStore(
      services,
      ({ putOnce }) => ({
        putOnce: async (runId, key, value) => {
          const first = await putOnce(runId, key, value)
          late ||= !first && key.startsWith('event#')
          return first
        },
      }),
      async (...args) => void (!late && (await services.queue.send(...args))),
    )
  },

  timeoutUnput(services) {
    const puts = new Map<string, StoredValue>()
    return withStore(services, ({ putOnce, getValue }) => ({
      putOnce: async (runId, key, value) => {
        if (!value.text?.includes('"timedOut":true')) return putOnce(runId, key, value)
        puts.set(key, value)
        return true
      },
      getValue: async (runId, key) => (await getValue(runId, key)) ?? puts.get(key),
    }))
  },

  sleeperUnasked(services) {
    return withStore(services, ({ commit, read }) => ({
      commit: async (runId, change, seen) => {
        const wait = change.suspend?.wait
        if (wait?.kind !== 'timer' || !wait.awaited) return commit(runId, change, seen)
        return { committed: true, run: (await read(runId)) as RunState }
      },
    }))
  },

  distrusted: (services) => ({
    ...services,
    queue: {
      send: (jobs, seconds) =>
        services.queue.send(
          jobs.map((job) => ({ ...job, due: undefined })),
          seconds,
        ),
    },
  }),

  childFirst(services) {
    return withStore(services, ({ commit, read }) => ({
      commit: async (runId, change, seen) => {
        const text = change.inlineValues.get(names.child(change.end))
        const run = await read(runId)
        if (change.suspend?.wait?.kind === 'child' && text && run) {
          const request = services.values.decode(parseInlineValue(text).body) as ChildRequest
          await makeChild(services, run, change.end, change.suspend.wait.tries, request)
        }
        return commit(runId, change, seen)
      },
    }))
  },

  publishedFirst: (services) => ({
    ...services,
    publishRunEnd: async (run) => {
      await services.store.markPublished(run)
      await services.publishRunEnd(run)
    },
  }),

  undrained: (services) => ({
    ...services,
    graphs: overridden(services.graphs, {
      of: async (...args) => leaky(await services.graphs.of(...args)),
    }),
  }),

  earlyValues(services) {
    const { leak } = services.store as Store & Pick<WeakStore, 'leak'>
    return withStore(services, ({ commit }) => ({
      commit: async (runId, change, seen) => {
        await leak(runId, change.inlineValues)
        return commit(runId, change, seen)
      },
    }))
  },
}

function withStore(
  services: Services,
  methods: (store: Store) => Partial<Store>,
  send: Services['queue']['send'] = services.queue.send,
): Services {
  return { ...services, store: overridden(services.store, methods(services.store)), queue: { send } }
}

export function overridden<T extends object>(target: T, methods: Partial<T>): T {
  return new Proxy(target, {
    get(_, name) {
      if (Object.hasOwn(methods, name)) return methods[name as keyof T]
      const value: unknown = Reflect.get(target, name)
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
  })
}

/** A graph whose loops never look as if somebody was inside. */
function leaky(graph: RunGraph): RunGraph {
  const loops = new Map([...graph.loops].map(([controller, body]) => [controller, new NobodyInside(body)]))
  return Object.assign(graph, { loops })
}

class NobodyInside extends Set<number> {
  override has(): boolean {
    return false
  }
}

async function makeChild(
  services: Services,
  parent: RunState,
  key: ActivationKey,
  tries: number,
  { blueprintId, input }: ChildRequest,
): Promise<void> {
  const graph = await services.graphs.remember(blueprintId)
  const parentGraph = await services.graphs.of(parent.blueprintId, parent.graph as string)
  const { node, iteration } = parseActivationKey(key)
  const { run } = await putRun(services, {
    runId: childIdOf(parent.runId, key, tries),
    input,
    graph,
    parent: {
      runId: parent.runId,
      blueprintId: parent.blueprintId,
      nodeId: parentGraph.node(node).id,
      iteration,
    },
  })
  await sendQueued({ services, graph, run }, START)
}

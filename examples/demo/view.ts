/** Shows a run while it runs: a live list on a terminal, plain lines otherwise, nothing for programs. */
import { type DefaultRenderer, Listr, type ListrTaskWrapper, type SimpleRenderer } from 'listr2'

/** A node that ended, as the worker logs it. */
export interface NodeEnded {
  readonly nodeId: string
  readonly iteration: number
  readonly outcome: string
  readonly ms: number
}

/** A try of a node that failed and is followed by another, as the engine logs it. */
export interface NodeRetried {
  readonly nodeId: string
  readonly attempt: number
  readonly maxRetries: number
  readonly error: string
}

export interface View {
  show(ended: NodeEnded): void
  retried(retry: NodeRetried): void
  /** Shows that nothing more comes; nodes that did not run are marked. */
  end(): Promise<void>
}

export const noView: View = { show: () => {}, retried: () => {}, end: async () => {} }

/** One line for each ended node. */
export function plainView(write: (line: string) => void): View {
  return {
    show: (ended) => write(`  ${mark(ended)} ${describe(ended)}`),
    retried: (retry) => write(`  ↻ ${describeRetry(retry)}`),
    end: async () => {},
  }
}

/** All nodes in one list that is drawn anew as they end. */
export function liveView(nodeIds: readonly string[]): View {
  type Task = ListrTaskWrapper<unknown, typeof DefaultRenderer, typeof SimpleRenderer>
  const open = new Map<string, (ended?: NodeEnded) => void>()
  const running = new Map<string, Task>()
  const tasks = nodeIds.map((nodeId) => ({
    title: nodeId,
    task: async (_: unknown, task: Task) => {
      running.set(nodeId, task)
      const ended = await new Promise<NodeEnded | undefined>((resolve) => open.set(nodeId, resolve))
      if (!ended) return task.skip(`${nodeId.padEnd(12)} not run`)
      if (ended.outcome === 'failed') throw new Error(`${nodeId} failed`)
    },
  }))
  const list = new Listr(tasks, {
    concurrent: true,
    exitOnError: false,
    rendererOptions: { collapseSkips: false },
  })
  const finished = list.run()
  const last = new Map<string, NodeEnded>()
  return {
    show(ended) {
      last.set(ended.nodeId, ended)
      const task = running.get(ended.nodeId)
      if (task) task.title = describe(ended)
      // A node that may come round again stays open until the run ends or moves on.
      if (ended.nodeId !== 'scan') open.get(ended.nodeId)?.(ended)
    },
    retried(retry) {
      const task = running.get(retry.nodeId)
      if (task) task.title = describeRetry(retry)
    },
    async end() {
      for (const [nodeId, resolve] of open) resolve(last.get(nodeId))
      await finished
    },
  }
}

function describeRetry({ nodeId, attempt, maxRetries, error }: NodeRetried): string {
  return `${nodeId.padEnd(12)} try ${attempt} of ${maxRetries} failed: ${error}`
}

function mark({ outcome }: NodeEnded): string {
  return outcome === 'completed' ? '✔' : '✖'
}

function describe({ nodeId, iteration, ms, outcome }: NodeEnded): string {
  const round = iteration > 1 ? `  round ${iteration}` : ''
  return `${nodeId.padEnd(12)} ${`${ms} ms`.padStart(7)}${round}${outcome === 'completed' ? '' : `  ${outcome}`}`
}

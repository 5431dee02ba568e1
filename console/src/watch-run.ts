/** A run as it goes on: the server pushes it. */
import type { ProblemView, RunView } from '../../lib/console/views.ts'
import { addressOf, getJson } from './http.ts'
import { problemOf } from './problem.ts'

export interface RunListener {
  /** At once, and after each change. */
  readonly onRun: (run: RunView) => void
  /** It is over: nothing comes any more. */
  readonly onEnd?: () => void
  /** Something is wrong, for now: the server goes on trying, and so does the page where the connection is lost. */
  readonly onProblem?: (problem: ProblemView) => void
}

/** Calls the listener until the run is over; what is returned ends it before. */
export function watchRun(runId: string, { onRun, onEnd, onProblem }: RunListener): () => void {
  const path = `/api/runs/${encodeURIComponent(runId)}`
  const source = new EventSource(addressOf(`${path}/events`))
  // The server closes after it said what is wrong: the loss of the connection is no news then.
  let isSaid = false
  source.addEventListener('run', ({ data }: MessageEvent<string>) => {
    isSaid = false
    onRun(JSON.parse(data) as RunView)
  })
  source.addEventListener('problem', ({ data }: MessageEvent<string>) => {
    isSaid = true
    onProblem?.(JSON.parse(data) as ProblemView)
  })
  source.addEventListener('end', () => {
    // A source that is not closed would connect again, to a run that is over.
    source.close()
    onEnd?.()
  })
  source.addEventListener('error', () => {
    if (source.readyState === EventSource.CLOSED) void whyRefused(path).then(onProblem)
    else if (!isSaid) onProblem?.(LOST)
  })
  return () => source.close()
}

const LOST: ProblemView = {
  code: 'NO_CONNECTION',
  message: 'The connection to the console’s server is lost; trying again.',
}

/** An event source does not tell what it was answered. */
async function whyRefused(path: string): Promise<ProblemView> {
  try {
    await getJson<RunView>(path)
    return { code: 'NO_CONNECTION', message: 'The server tells no more of this run. Reload the page.' }
  } catch (error) {
    return problemOf(error)
  }
}

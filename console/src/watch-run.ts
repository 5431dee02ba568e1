/** A run as it goes on: the server pushes it. */
import type { ProblemView, RunView } from '../../lib/console/views.ts'

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
  const source = new EventSource(`/api/runs/${encodeURIComponent(runId)}/events`)
  source.addEventListener('run', ({ data }: MessageEvent<string>) => onRun(JSON.parse(data) as RunView))
  source.addEventListener('problem', ({ data }: MessageEvent<string>) =>
    onProblem?.(JSON.parse(data) as ProblemView),
  )
  source.addEventListener('end', () => {
    // A source that is not closed would connect again, to a run that is over.
    source.close()
    onEnd?.()
  })
  source.addEventListener('error', () => onProblem?.(lostConnection(source)))
  return () => source.close()
}

function lostConnection({ readyState }: EventSource): ProblemView {
  return readyState === EventSource.CLOSED
    ? { code: 'NO_CONNECTION', message: 'The server refused to tell how this run goes on. Reload the page.' }
    : { code: 'NO_CONNECTION', message: 'The connection to the console’s server is lost; trying again.' }
}

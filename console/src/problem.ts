/** What is wrong, as the page shows it. Pure. */
import type { ProblemView } from '../../lib/console/views.ts'

/** What the server said where it did not do what it was asked for; `code` and `docs` are those of the product. */
export class Problem extends Error implements ProblemView {
  readonly code: string
  readonly docs?: string

  constructor(problem: ProblemView) {
    super(problem.message)
    this.name = 'Problem'
    this.code = problem.code
    this.docs = problem.docs
  }
}

/** Whatever was thrown, to be shown. */
export function problemOf(error: unknown): ProblemView {
  if (error instanceof Problem) return error
  // Chromium says 'Failed to fetch', Firefox 'NetworkError ...', Safari 'Load failed'.
  if (error instanceof TypeError && /fetch|network|load failed/i.test(error.message))
    return {
      code: 'NO_CONNECTION',
      message: 'The console’s server does not answer. Is the command still running?',
    }
  return { code: 'PAGE_ERROR', message: error instanceof Error ? error.message : String(error) }
}

export function isProblem(value: unknown): value is ProblemView {
  return typeof value === 'object' && value !== null && 'code' in value && 'message' in value
}

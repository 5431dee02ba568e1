import { useEffect, useState } from 'preact/hooks'
import type { ProblemView, ValueView } from '../../../../lib/console/views.ts'
import { api } from '../../api.ts'
import { problemOf } from '../../problem.ts'

/** A value that is folded until somebody asks for it. What was fetched is dropped when another one is given. */
export function useFetched(runId: string, key: string, given: ValueView | undefined) {
  const [fetched, setFetched] = useState<ValueView>()
  const [problem, setProblem] = useState<ProblemView>()
  const [isLoading, setLoading] = useState(false)
  useEffect(() => {
    setFetched(undefined)
    setProblem(undefined)
  }, [given])
  const fetch = async () => {
    setLoading(true)
    setProblem(undefined)
    try {
      setFetched(await api.value(runId, key))
    } catch (error) {
      setProblem(problemOf(error))
    } finally {
      setLoading(false)
    }
  }
  return { fetched, problem, isLoading, fetch }
}

import { useEffect, useState } from 'preact/hooks'
import type { ProblemView } from '../../../../lib/console/views.ts'
import { problemOf } from '../../problem.ts'

/** Milliseconds after the last change. */
const SOON = 350

export interface Preview<T> {
  readonly value?: T
  readonly problem?: ProblemView
  readonly isLoading: boolean
}

/** What an act would do, asked for again where the request is another one; undefined: it cannot be asked for yet. */
export function usePreview<T>(request: object | undefined, ask: () => Promise<T>): Preview<T> {
  const [preview, setPreview] = useState<Preview<T>>({ isLoading: true })
  const key = request && JSON.stringify(request)
  useEffect(() => {
    if (key === undefined) return undefined
    let isLatest = true
    setPreview((known) => ({ ...known, isLoading: true }))
    const timer = setTimeout(async () => {
      try {
        const value = await ask()
        if (isLatest) setPreview({ value, isLoading: false })
      } catch (error) {
        if (isLatest) setPreview({ problem: problemOf(error), isLoading: false })
      }
    }, SOON)
    return () => {
      isLatest = false
      clearTimeout(timer)
    }
  }, [key])
  return preview
}

import { useEffect, useState } from 'preact/hooks'
import { IconButton } from './button.tsx'
import { toast } from './toast.tsx'

/** Copies a text, which may be made only when it is asked for; `what` is copied, as it is named. */
export function CopyButton({
  text,
  what,
}: {
  readonly text: string | (() => string | Promise<string>)
  readonly what: string
}) {
  const [isDone, setDone] = useState(false)
  useEffect(() => {
    if (!isDone) return undefined
    const timer = setTimeout(() => setDone(false), 1_500)
    return () => clearTimeout(timer)
  }, [isDone])
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(typeof text === 'string' ? text : await text())
      setDone(true)
    } catch (error) {
      toast(`Not copied: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  return (
    <IconButton
      icon={isDone ? 'check' : 'copy'}
      label={isDone ? 'Copied' : `Copy ${what}`}
      onClick={() => void copy()}
    />
  )
}

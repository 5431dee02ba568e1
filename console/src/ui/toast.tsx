/** What was done, said for some seconds in a corner, and to screen readers. */
import { signal } from '@preact/signals'
import { IconButton } from './button.tsx'

interface Said {
  readonly id: number
  readonly text: string
}

const SHOWN_MS = 6_000
const said = signal<readonly Said[]>([])
let last = 0

export function toast(text: string): void {
  last += 1
  const id = last
  said.value = [...said.value.slice(-2), { id, text }]
  setTimeout(() => dismiss(id), SHOWN_MS)
}

function dismiss(id: number): void {
  said.value = said.value.filter((one) => one.id !== id)
}

/** Where they are shown; once, in the shell. */
export function Toasts() {
  return (
    <div class="toasts" role="status">
      {said.value.map(({ id, text }) => (
        <div class="toast" key={id}>
          <span>{text}</span>
          <IconButton icon="cross" label="Dismiss" onClick={() => dismiss(id)} />
        </div>
      ))}
    </div>
  )
}

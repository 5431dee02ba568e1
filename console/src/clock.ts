/** The time, for what ticks on the page: a component that reads it is drawn again each second. */
import { signal, type ReadonlySignal } from '@preact/signals'

const time = signal(Date.now())

export const now: ReadonlySignal<number> = time

// Nobody looks at a hidden page; the first tick after it is seen again sets it right.
setInterval(() => {
  if (!document.hidden) time.value = Date.now()
}, 1_000)

document.addEventListener('visibilitychange', () => {
  if (!document.hidden) time.value = Date.now()
})

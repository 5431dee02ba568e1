/** Whether the window is as narrow as a telephone, as the style sheets have it. */
import { signal, type ReadonlySignal } from '@preact/signals'

const query = matchMedia('(max-width: 720px)')
const current = signal(query.matches)

export const isNarrow: ReadonlySignal<boolean> = current

query.addEventListener('change', ({ matches }) => {
  current.value = matches
})

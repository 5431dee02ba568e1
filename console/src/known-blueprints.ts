/** Ids of blueprints, to choose from: read once, since it costs the server a look at the runs of a day. */
import { signal, type ReadonlySignal } from '@preact/signals'
import type { BlueprintsView } from '../../lib/console/views.ts'
import { api } from './api.ts'

const known = signal<readonly string[]>([])
let asked: Promise<void> | undefined

/** None until they are known. */
export function knownBlueprints(): ReadonlySignal<readonly string[]> {
  asked ??= api.blueprints().then(rememberBlueprints, () => {
    // The filter takes what is typed, too; the next screen that needs them asks again.
    asked = undefined
  })
  return known
}

export function rememberBlueprints({ blueprints }: BlueprintsView): void {
  known.value = blueprints.map(({ blueprintId }) => blueprintId)
}

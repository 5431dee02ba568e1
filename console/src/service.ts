/** The service that the page shows, once it is known. */
import { signal, type ReadonlySignal } from '@preact/signals'
import type { ServiceView } from '../../lib/console/views.ts'

const current = signal<ServiceView | undefined>(undefined)

export const service: ReadonlySignal<ServiceView | undefined> = current

export function setService(view: ServiceView): void {
  current.value = view
}

/** Whether the page may change anything. */
export const isWritable = (): boolean => current.value?.writable === true && current.value.kind !== 'file'

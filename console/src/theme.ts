/** Light or dark: as the system says, until somebody chooses; the choice is remembered. */
import { signal, type ReadonlySignal } from '@preact/signals'

export type Theme = 'system' | 'light' | 'dark'

const KEY = 'flowcraft-theme'
const ORDER: readonly Theme[] = ['system', 'light', 'dark']
const current = signal<Theme>(remembered())

export const theme: ReadonlySignal<Theme> = current

export function setTheme(to: Theme): void {
  current.value = to
  apply(to)
  try {
    localStorage.setItem(KEY, to)
  } catch {
    // A browser that keeps nothing for this page still shows it as chosen.
  }
}

export const nextTheme = (from: Theme): Theme => ORDER[(ORDER.indexOf(from) + 1) % ORDER.length] ?? 'system'

function remembered(): Theme {
  try {
    const kept = localStorage.getItem(KEY)
    return ORDER.find((theme) => theme === kept) ?? 'system'
  } catch {
    return 'system'
  }
}

function apply(to: Theme): void {
  if (to === 'system') delete document.documentElement.dataset.theme
  else document.documentElement.dataset.theme = to
}

apply(current.value)

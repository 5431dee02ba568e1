/** Some views of one thing, of which one is shown. */
import type { ComponentChildren } from 'preact'
import { useId, useRef } from 'preact/hooks'

export interface TabsProps {
  /** For screen readers. */
  readonly label: string
  readonly tabs: readonly { readonly id: string; readonly text: string }[]
  readonly current: string
  readonly onPick: (id: string) => void
  /** Stands beside the tabs. */
  readonly aside?: ComponentChildren
  /** What the current one shows. */
  readonly children: ComponentChildren
}

export function Tabs({ label, tabs, current, onPick, aside, children }: TabsProps) {
  const id = useId()
  const list = useRef<HTMLDivElement>(null)
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key]
    if (step === undefined) return
    const index = tabs.findIndex((tab) => tab.id === current)
    const next = tabs[(index + step + tabs.length) % tabs.length]
    if (!next) return
    event.preventDefault()
    onPick(next.id)
    list.current?.querySelector<HTMLElement>(`[data-tab="${next.id}"]`)?.focus()
  }
  return (
    <div class="tabs">
      <div class="tabs-top">
        <div class="tabs-list" role="tablist" aria-label={label} ref={list} onKeyDown={onKeyDown}>
          {tabs.map((tab) => (
            <button
              key={tab.id}
              type="button"
              role="tab"
              id={`${id}-${tab.id}`}
              data-tab={tab.id}
              aria-selected={tab.id === current}
              aria-controls={`${id}-panel`}
              tabIndex={tab.id === current ? 0 : -1}
              onClick={() => onPick(tab.id)}
            >
              {tab.text}
            </button>
          ))}
        </div>
        {aside}
      </div>
      <div
        class="tabs-panel"
        role="tabpanel"
        id={`${id}-panel`}
        aria-labelledby={`${id}-${current}`}
        tabIndex={0}
      >
        {children}
      </div>
    </div>
  )
}

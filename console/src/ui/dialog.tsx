/** A window over the page. The browser keeps the focus in it; what opened it gets it back. */
import type { ComponentChildren } from 'preact'
import { useEffect, useId, useRef } from 'preact/hooks'
import { IconButton } from './button.tsx'

export interface DialogProps {
  readonly title: string
  /** By Escape, the cross, or a click beside it. */
  readonly onClose: () => void
  /** What that is called. Default: 'Close'. */
  readonly closeLabel?: string
  readonly isWide?: boolean
  readonly children: ComponentChildren
}

const FIRST = ':is(.dialog-content :is(input, select, textarea), footer [type="submit"]):not(:disabled)'

/**
 * Of a dialog that has left the page the browser gives nothing back. What opened it may be gone, a row that was chosen, say: then
 * the keyboard goes on in the screen, not at the page's beginning.
 */
function focusAgain(opener: Element | null): void {
  const { activeElement, body } = document
  if (activeElement !== null && activeElement !== body) return
  const to = opener instanceof HTMLElement && opener.isConnected ? opener : document.getElementById('main')
  to?.focus()
}

export function Dialog({ title, onClose, closeLabel = 'Close', isWide, children }: DialogProps) {
  const ref = useRef<HTMLDialogElement>(null)
  const titleId = useId()
  useEffect(() => {
    const dialog = ref.current
    const opener = document.activeElement
    dialog?.showModal()
    // Else the cross has the focus, since it is first.
    dialog?.querySelector<HTMLElement>(FIRST)?.focus()
    return () => {
      dialog?.close()
      setTimeout(() => focusAgain(opener))
    }
  }, [])
  return (
    <dialog
      ref={ref}
      class={isWide ? 'dialog wide' : 'dialog'}
      aria-labelledby={titleId}
      onCancel={(event) => {
        event.preventDefault()
        onClose()
      }}
      onMouseDown={(event) => {
        if (event.target === ref.current) onClose()
      }}
    >
      <div class="dialog-body">
        <header>
          <h2 id={titleId}>{title}</h2>
          <IconButton icon="cross" label={closeLabel} onClick={onClose} />
        </header>
        {children}
      </div>
    </dialog>
  )
}

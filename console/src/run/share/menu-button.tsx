/** A button with a few more under it. */
import { useEffect, useId, useRef, useState } from 'preact/hooks'
import { Button } from '../../ui/button.tsx'
import { Icon, type IconName } from '../../ui/icons.tsx'

export interface MenuItem {
  readonly text: string
  readonly icon: IconName
  readonly isHidden?: boolean
  readonly onPick: () => void | Promise<void>
}

export interface MenuButtonProps {
  readonly text: string
  readonly icon: IconName
  readonly items: readonly MenuItem[]
  /** Gets what picking one throws. */
  readonly onProblem: (error: unknown) => void
}

export function MenuButton({ text, icon, items, onProblem }: MenuButtonProps) {
  const [isOpen, setOpen] = useState(false)
  const frame = useRef<HTMLDivElement>(null)
  const id = useId()
  const close = (focusesButton: boolean) => {
    setOpen(false)
    if (focusesButton) frame.current?.querySelector('button')?.focus()
  }
  useEffect(() => {
    if (!isOpen) return undefined
    const onDown = (event: PointerEvent) => {
      if (!frame.current?.contains(event.target as Node)) setOpen(false)
    }
    document.addEventListener('pointerdown', onDown)
    return () => document.removeEventListener('pointerdown', onDown)
  }, [isOpen])
  const pick = async ({ onPick }: MenuItem) => {
    close(true)
    try {
      await onPick()
    } catch (error) {
      onProblem(error)
    }
  }
  return (
    <div
      class="menu"
      ref={frame}
      onKeyDown={(event) => {
        if (isOpen && event.key === 'Escape') close(true)
      }}
      onFocusOut={(event) => {
        if (event.relatedTarget && !frame.current?.contains(event.relatedTarget as Node)) setOpen(false)
      }}
    >
      <Button icon={icon} isExpanded={isOpen} controls={id} onClick={() => setOpen(!isOpen)}>
        {text}
      </Button>
      <ul id={id} class="menu-items" hidden={!isOpen}>
        {items
          .filter(({ isHidden }) => !isHidden)
          .map((item) => (
            <li key={item.text}>
              <button type="button" onClick={() => void pick(item)}>
                <Icon name={item.icon} />
                {item.text}
              </button>
            </li>
          ))}
      </ul>
    </div>
  )
}

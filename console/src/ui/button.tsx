import type { ComponentChildren } from 'preact'
import { Icon, type IconName } from './icons.tsx'

export interface ButtonProps {
  /** 'primary' is what the screen is for, once at most; 'danger' what cannot be undone; 'quiet' has no border. */
  readonly kind?: 'plain' | 'primary' | 'danger' | 'quiet'
  readonly type?: 'button' | 'submit'
  readonly icon?: IconName
  readonly disabled?: boolean
  /** It is being done: the button stays where it is, and takes no other press. */
  readonly isBusy?: boolean
  readonly title?: string
  /** Of a button that is on or off. */
  readonly isPressed?: boolean
  readonly isExpanded?: boolean
  readonly controls?: string
  readonly onClick?: (event: MouseEvent) => void
  readonly children: ComponentChildren
}

export function Button({
  kind = 'plain',
  type = 'button',
  icon,
  disabled,
  isBusy,
  title,
  isPressed,
  isExpanded,
  controls,
  onClick,
  children,
}: ButtonProps) {
  return (
    <button
      type={type}
      class={`button ${kind}`}
      disabled={disabled}
      aria-disabled={isBusy || undefined}
      aria-busy={isBusy || undefined}
      aria-pressed={isPressed}
      aria-expanded={isExpanded}
      aria-controls={controls}
      title={title}
      onClick={isBusy ? (event) => event.preventDefault() : onClick}
    >
      {isBusy ? <span class="spinner" aria-hidden="true" /> : icon && <Icon name={icon} />}
      <span>{children}</span>
    </button>
  )
}

/** A button that is a picture; `label` is its name. */
export function IconButton({
  icon,
  label,
  ...rest
}: Pick<ButtonProps, 'onClick' | 'disabled' | 'isPressed' | 'isExpanded'> & {
  readonly icon: IconName
  readonly label: string
}) {
  const { onClick, disabled, isPressed, isExpanded } = rest
  return (
    <button
      type="button"
      class="button quiet icon-only"
      aria-label={label}
      title={label}
      aria-pressed={isPressed}
      aria-expanded={isExpanded}
      disabled={disabled}
      onClick={onClick}
    >
      <Icon name={icon} />
    </button>
  )
}

/** A link that looks like a button. */
export function ButtonLink({
  href,
  kind = 'plain',
  icon,
  children,
}: Pick<ButtonProps, 'kind' | 'icon' | 'children'> & { readonly href: string }) {
  return (
    <a class={`button ${kind}`} href={href}>
      {icon && <Icon name={icon} />}
      <span>{children}</span>
    </a>
  )
}

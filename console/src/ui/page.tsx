import type { ComponentChildren } from 'preact'

/** A screen: its name, what can be done there, and what it shows. */
export function Page({
  title,
  actions,
  children,
  isFilling,
}: {
  readonly title: ComponentChildren
  readonly actions?: ComponentChildren
  readonly children: ComponentChildren
  /** It fills the window, and a part of it scrolls. */
  readonly isFilling?: boolean
}) {
  return (
    <section class={isFilling ? 'page filling' : 'page'}>
      <header class="page-head">
        <h1>{title}</h1>
        {actions && <div class="page-actions">{actions}</div>}
      </header>
      {children}
    </section>
  )
}

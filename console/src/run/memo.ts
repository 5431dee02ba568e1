import { Component, type ComponentType, createElement } from 'preact'

/** A component that is drawn again only where one of its properties is another one. */
export function memo<P extends object>(drawn: (props: P) => preact.JSX.Element | null): ComponentType<P> {
  return class Memo extends Component<P> {
    override shouldComponentUpdate(next: Readonly<P>): boolean {
      return !isSame(this.props, next)
    }

    override render(): preact.JSX.Element {
      return createElement(drawn as ComponentType<P>, this.props as P)
    }
  }
}

/** Whether two objects have the same values under the same names. */
function isSame<T extends object>(a: T, b: T): boolean {
  const names = Object.keys(a) as (keyof T)[]
  return names.length === Object.keys(b).length && names.every((name) => Object.is(a[name], b[name]))
}

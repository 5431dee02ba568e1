/** The route that is shown now. */
import { signal, type ReadonlySignal } from '@preact/signals'
import { href, parseRoute, type Route } from './route.ts'

export { blueprintHref, href, runHref, titleOf, type Route, type RouteQuery } from './route.ts'

const current = signal<Route>(parseRoute(location.hash))

export const route: ReadonlySignal<Route> = current

window.addEventListener('hashchange', () => {
  current.value = parseRoute(location.hash)
})

/** Goes there; `replace`: the way back does not lead over where one is now. */
export function navigate(to: Route, { replace = false }: { readonly replace?: boolean } = {}): void {
  if (replace) history.replaceState(null, '', href(to))
  else history.pushState(null, '', href(to))
  current.value = parseRoute(location.hash)
}

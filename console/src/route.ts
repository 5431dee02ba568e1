/** Where one is in the console, as the part of the address behind '#'. Pure: router.ts holds the current one. */

export type Route =
  | { readonly screen: 'home' }
  | { readonly screen: 'runs'; readonly query: RouteQuery }
  | { readonly screen: 'run'; readonly runId: string; readonly nodeId?: string }
  | { readonly screen: 'failures'; readonly query: RouteQuery }
  | { readonly screen: 'blueprints' }
  | { readonly screen: 'blueprint'; readonly blueprintId: string }
  | { readonly screen: 'deadLetters' }
  | { readonly screen: 'start'; readonly blueprintId?: string }
  | { readonly screen: 'unknown' }

/** Values by name; a name may have several. */
export type RouteQuery = Readonly<Record<string, readonly string[]>>

const LISTS = { runs: 'runs', failures: 'failures' } as const

export function parseRoute(hash: string): Route {
  const [path = '', search = ''] = splitOnce(hash.replace(/^#/, ''), '?')
  const [first, second, ...more] = path.split('/').filter(Boolean).map(decode)
  const query = parseQuery(search)
  if (first === undefined) return { screen: 'home' }
  if (more.length > 0) return { screen: 'unknown' }
  if (first === 'start') return { screen: 'start', blueprintId: second }
  if (second !== undefined) return parseItem(first, second, query)
  if (first === 'runs' || first === 'failures') return { screen: LISTS[first], query }
  if (first === 'blueprints') return { screen: 'blueprints' }
  if (first === 'dead-letters') return { screen: 'deadLetters' }
  return { screen: 'unknown' }
}

function parseItem(first: string, id: string, query: RouteQuery): Route {
  if (first === 'runs') return { screen: 'run', runId: id, nodeId: query.node?.[0] }
  if (first === 'blueprints') return { screen: 'blueprint', blueprintId: id }
  return { screen: 'unknown' }
}

/** The address of a route, '#/runs', say; parseRoute reads it. */
export function href(route: Route): string {
  switch (route.screen) {
    case 'runs':
    case 'failures':
      return `#/${route.screen}${formatQuery(route.query)}`
    case 'run':
      return `#/runs/${encodeURIComponent(route.runId)}${formatQuery(route.nodeId === undefined ? {} : { node: [route.nodeId] })}`
    case 'blueprints':
      return '#/blueprints'
    case 'blueprint':
      return `#/blueprints/${encodeURIComponent(route.blueprintId)}`
    case 'deadLetters':
      return '#/dead-letters'
    case 'start':
      return route.blueprintId === undefined ? '#/start' : `#/start/${encodeURIComponent(route.blueprintId)}`
    default:
      return '#/'
  }
}

/** What a screen is called, as the window's title. */
export function titleOf(route: Route): string {
  switch (route.screen) {
    case 'run':
      return route.runId
    case 'blueprint':
      return route.blueprintId
    case 'start':
      return route.blueprintId === undefined ? 'Start a run' : `Start ${route.blueprintId}`
    default:
      return TITLES[route.screen]
  }
}

const TITLES = {
  home: 'Console',
  runs: 'Runs',
  failures: 'Failures',
  blueprints: 'Blueprints',
  deadLetters: 'Dead letters',
  unknown: 'Nothing here',
} as const

/** The address of a run, and of a node in it. */
export const runHref = (runId: string, nodeId?: string): string => href({ screen: 'run', runId, nodeId })

export const blueprintHref = (blueprintId: string): string => href({ screen: 'blueprint', blueprintId })

function parseQuery(search: string): RouteQuery {
  const query: Record<string, string[]> = Object.create(null)
  for (const [name, value] of new URLSearchParams(search)) (query[name] ??= []).push(value)
  return { ...query }
}

function formatQuery(query: RouteQuery): string {
  const params = new URLSearchParams()
  for (const [name, values] of Object.entries(query))
    for (const value of values) if (value) params.append(name, value)
  const text = params.toString()
  return text ? `?${text}` : ''
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator)
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + separator.length)]
}

/** What somebody typed need not be well encoded. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** The console's server as a whole: its guard, its API, its page. */
import { Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { createMiddleware } from 'hono/factory'
import { actRoutes } from './act-routes.ts'
import type { ConsoleEnv } from './env.ts'
import { guard, type GuardOptions, headers } from './guard.ts'
import { LiveRuns } from './live.ts'
import { servePage } from './page.ts'
import { ConsoleError, problemOf } from './problem.ts'
import { readRoutes } from './read-routes.ts'
import type { ConsoleSource } from './source.ts'

export interface ConsoleAppOptions extends GuardOptions {
  /** At each request, since a deployment may bring others; the first one is shown where none is asked for. */
  readonly sources: () => readonly ConsoleSource[]
  /** Folder of the page's files. */
  readonly pageFolder: string
}

/** A run's input may have as much as a start takes by Lambda. */
const BODY_AT_MOST_BYTES = 6 * 1024 * 1024

const api = new Hono<ConsoleEnv>().route('/', readRoutes).route('/', actRoutes)

/** The routes under '/api', for a client that is typed by them. */
export type ConsoleApi = typeof api

export function consoleApp(options: ConsoleAppOptions) {
  const app = new Hono<ConsoleEnv>()
    .use(headers)
    .use(guard(options))
    .use('/api/*', noStore, sourceOf(options))
    .use(
      bodyLimit({
        maxSize: BODY_AT_MOST_BYTES,
        onError: () => {
          throw new ConsoleError(413, 'INVALID_INPUT', 'the body has more than 6 MB')
        },
      }),
    )
    .route('/api', api)
    .get('*', servePage(options.pageFolder))
  app.notFound((c) => c.json({ code: 'NOT_FOUND', message: `there is no ${c.req.path}` }, 404))
  app.onError((error, c) => {
    const { status, problem } = problemOf(error)
    // A person who opens the address without its token reads this.
    return c.req.path === '/' ? c.text(problem.message, status) : c.json(problem, status)
  })
  return app
}

const noStore = createMiddleware(async (c, next) => {
  c.header('cache-control', 'no-store')
  await next()
})

function sourceOf({ sources }: ConsoleAppOptions) {
  const lives = new WeakMap<ConsoleSource, LiveRuns>()
  return createMiddleware<ConsoleEnv>(async (c, next) => {
    const all = sources()
    const wanted = c.req.query('service')
    const source = all.find(({ service }) => wanted === undefined || service.name === wanted)
    if (!source)
      throw new ConsoleError(
        404,
        'NOT_FOUND',
        `there is no service ${wanted === undefined ? 'yet' : `'${wanted}'`}`,
      )
    const live = lives.get(source) ?? new LiveRuns(source)
    lives.set(source, live)
    c.set('source', source)
    c.set('live', live)
    c.set(
      'services',
      all.map(({ service }) => service.name),
    )
    await next()
  })
}

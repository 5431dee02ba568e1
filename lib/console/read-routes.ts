/** What the page looks at. */
import { Hono } from 'hono'
import { streamSSE } from 'hono/streaming'
import type { ConsoleEnv } from './env.ts'
import { ConsoleError, problemOf } from './problem.ts'
import { failuresOf, listOf } from './requests.ts'

/** A page that went away without a word is found by what it is sent. */
const ALIVE_EVERY_MS = 15_000
/** As many as DynamoDB gives in one request. */
const COSTS_AT_MOST = 100

export const readRoutes = new Hono<ConsoleEnv>()
  .get('/service', (c) => c.json({ ...c.var.source.service, services: c.var.services }))
  .get('/runs', async (c) => c.json(await c.var.source.runs(listOf(c.req.queries()))))
  .get('/costs', async (c) => {
    const runIds = c.req.queries('run') ?? []
    if (runIds.length > COSTS_AT_MOST)
      throw new ConsoleError(400, 'INVALID_INPUT', `at most ${COSTS_AT_MOST} runs; got ${runIds.length}`)
    return c.json(await c.var.source.costs(runIds))
  })
  .get('/failures', async (c) => c.json(await c.var.source.failures(failuresOf(c.req.queries()))))
  .get('/runs/:run', async (c) => c.json(await c.var.source.run(c.req.param('run'))))
  .get('/runs/:run/graph', async (c) => {
    // A page asks before any worker has begun the run: no browser is to log that as an error.
    return c.json((await c.var.source.graph(c.req.param('run'))) ?? null)
  })
  .get('/runs/:run/events', (c) => {
    const runId = c.req.param('run')
    const { live } = c.var
    return streamSSE(c, async (stream) => {
      const gone = new AbortController()
      stream.onAbort(() => gone.abort())
      const send = (event: string, data: unknown) => stream.writeSSE({ event, data: JSON.stringify(data) })
      const alive = setInterval(() => void send('alive', {}), ALIVE_EVERY_MS)
      try {
        for await (const run of live.look(runId, gone.signal)) await send('run', run)
        await send('end', {})
      } catch (error) {
        // After it the page comes again by itself.
        await send('problem', problemOf(error).problem)
      } finally {
        clearInterval(alive)
      }
    })
  })
  .get('/runs/:run/history', async (c) => c.json(await c.var.source.history(c.req.param('run'))))
  .get('/runs/:run/context', async (c) => c.json(await c.var.source.context(c.req.param('run'))))
  .get('/runs/:run/value', async (c) => {
    const key = c.req.query('key') ?? ''
    const value = await c.var.source.value(c.req.param('run'), key)
    if (!value) throw new ConsoleError(404, 'NOT_FOUND', `the run's context has no '${key}'`)
    return c.json(value)
  })
  .get('/runs/:run/nodes/:node', async (c) =>
    c.json(await c.var.source.node(c.req.param('run'), c.req.param('node'))),
  )
  .get('/runs/:run/logs', async (c) =>
    c.json(await c.var.source.logs(c.req.param('run'), c.req.query('node'))),
  )
  .get('/runs/:run/diagram', async (c) => {
    const runId = c.req.param('run')
    const mermaid = await c.var.source.diagram(runId)
    if (mermaid === undefined) throw noGraph(runId)
    return c.json({ mermaid })
  })
  .get('/runs/:run/file', async (c) => c.json(await c.var.source.file(c.req.param('run'))))
  .get('/blueprints', async (c) => c.json(await c.var.source.blueprints()))
  .get('/blueprints/:blueprint', async (c) => {
    const id = c.req.param('blueprint')
    const blueprint = await c.var.source.blueprint(id)
    if (!blueprint) throw new ConsoleError(404, 'NOT_FOUND', `nobody knows of a blueprint '${id}'`)
    return c.json(blueprint)
  })
  .get('/dead-letters', async (c) => c.json(await c.var.source.deadLetters()))

function noGraph(runId: string): ConsoleError {
  return new ConsoleError(404, 'NO_GRAPH', `no worker has begun run '${runId}', so that it has no graph yet`)
}

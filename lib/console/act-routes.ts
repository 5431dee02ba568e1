/** What the page does: each by the client's operation, which checks what it is given. */
import { Hono } from 'hono'
import { stream } from 'hono/streaming'
import { validator } from 'hono/validator'
import { pMapIterable } from 'p-map'
import { FlowcraftAwsError } from '../core/common/errors.ts'
import { isPlainObject } from '../core/common/plain-object.ts'
import { show } from '../core/common/thrown.ts'
import type { ForkRequest } from '../client/fork-request.ts'
import type { RedriveManyRequest, RedriveOutcome } from '../client/redrive-many.ts'
import type { ResumeRequest } from '../client/runs.ts'
import type { StartRunRequest } from '../client/start-request.ts'
import type { OperationRequest, RedriveRequest, SkipRequest, UnpauseRequest } from '../client/steering.ts'
import type { ConsoleEnv } from './env.ts'
import { ConsoleError, problemOf } from './problem.ts'
import { timeOf } from './requests.ts'
import type { Acts, ConsoleSource } from './source.ts'
import type { OutcomeView } from './views.ts'

/** The body, an object; what is in it the operation checks. */
function body<T extends object>() {
  return validator('json', (value: unknown): T => {
    if (isPlainObject(value)) return value as T
    throw new ConsoleError(400, 'INVALID_INPUT', `the body must be an object of JSON; got ${show(value)}`)
  })
}

/** @throws ConsoleError READ_ONLY */
function actsOf({ acts }: ConsoleSource): Acts {
  if (acts) return acts
  throw new ConsoleError(403, 'READ_ONLY', 'this console may change nothing: it was started so')
}

export interface RedrivesBody extends OperationRequest {
  readonly failures?: { readonly since: string; readonly until?: string; readonly blueprintId?: string }
  readonly runIds?: readonly string[]
  readonly dryRun?: boolean
  readonly limit?: number
}

export interface CancelsBody extends OperationRequest {
  readonly runIds: readonly string[]
}

export interface LettersBody extends OperationRequest {
  readonly ids: readonly string[]
}

/** @throws ConsoleError INVALID_INPUT */
function textsOf(name: string, given: unknown): readonly string[] {
  if (Array.isArray(given) && given.every((one) => typeof one === 'string')) return given as string[]
  throw new ConsoleError(400, 'INVALID_INPUT', `${name} must be a list of texts; got ${show(given)}`)
}

/** Runs at a time. */
const CONCURRENCY = 10

export const actRoutes = new Hono<ConsoleEnv>()
  .post('/runs', body<StartRunRequest>(), async (c) => {
    const { source } = c.var
    const acts = actsOf(source)
    const request = c.req.valid('json')
    const { blueprintId, input = {} } = request
    // A start outside the workers accepts any input, and the run fails for it; a person would rather be told at once.
    const wrong =
      typeof blueprintId === 'string' ? await source.inputProblem?.(blueprintId, input) : undefined
    if (wrong !== undefined) throw new FlowcraftAwsError('INVALID_INPUT', wrong)
    return c.json(await acts.start(request))
  })
  .post('/runs/:run/resume', body<ResumeRequest>(), async (c) =>
    c.json(await actsOf(c.var.source).resume(c.req.param('run'), c.req.valid('json'))),
  )
  .post('/runs/:run/cancel', body<OperationRequest>(), async (c) =>
    c.json(await actsOf(c.var.source).cancel(c.req.param('run'), c.req.valid('json'))),
  )
  .post('/runs/:run/pause', body<OperationRequest>(), async (c) =>
    c.json(await actsOf(c.var.source).pause(c.req.param('run'), c.req.valid('json'))),
  )
  .post('/runs/:run/unpause', body<UnpauseRequest>(), async (c) =>
    c.json(await actsOf(c.var.source).unpause(c.req.param('run'), c.req.valid('json'))),
  )
  .post('/runs/:run/redrive', body<RedriveRequest>(), async (c) =>
    c.json(await actsOf(c.var.source).redrive(c.req.param('run'), c.req.valid('json'))),
  )
  .post('/runs/:run/skip', body<SkipRequest>(), async (c) =>
    c.json(await actsOf(c.var.source).skip(c.req.param('run'), c.req.valid('json'))),
  )
  .post('/runs/:run/fork', body<ForkRequest>(), async (c) =>
    c.json(await actsOf(c.var.source).fork(c.req.param('run'), c.req.valid('json'))),
  )
  .post('/redrives', body<RedrivesBody>(), (c) =>
    lines(c, redrives(actsOf(c.var.source), c.req.valid('json'))),
  )
  .post('/cancels', body<CancelsBody>(), (c) => lines(c, cancels(actsOf(c.var.source), c.req.valid('json'))))
  .post('/blueprints/:blueprint/pause', body<OperationRequest>(), async (c) =>
    c.json(await actsOf(c.var.source).pauseBlueprint(c.req.param('blueprint'), c.req.valid('json'))),
  )
  .post('/blueprints/:blueprint/unpause', body<object>(), async (c) =>
    c.json(await actsOf(c.var.source).unpauseBlueprint(c.req.param('blueprint'))),
  )
  .post('/dead-letters/send-back', body<LettersBody>(), async (c) => {
    const ids = textsOf('ids', c.req.valid('json').ids)
    return c.json({ sent: (await actsOf(c.var.source).deadLetters.sendBack({ ids })).length })
  })
  .post('/dead-letters/drop', body<LettersBody>(), async (c) => {
    const { by, reason, ids: given } = c.req.valid('json')
    const ids = textsOf('ids', given)
    return c.json({ dropped: (await actsOf(c.var.source).deadLetters.drop({ ids, by, reason })).length })
  })

/** A page that goes away ends it: runs after those that are under way are left as they are. */
async function lines(c: Parameters<typeof stream>[0], outcomes: AsyncGenerator<OutcomeView>) {
  // What is wrong with the request is told by the first step, and is an answer of its own.
  const first = await outcomes.next()
  c.header('content-type', 'application/x-ndjson')
  return stream(c, async (out) => {
    const write = (outcome: OutcomeView) => out.write(`${JSON.stringify(outcome)}\n`)
    try {
      if (!first.done) await write(first.value)
      for await (const outcome of outcomes) {
        if (out.aborted) return
        await write(outcome)
      }
    } catch (error) {
      await write({ problem: problemOf(error).problem })
    }
  })
}

async function* redrives(acts: Acts, request: RedrivesBody): AsyncGenerator<OutcomeView> {
  const { failures, runIds, ...each } = request
  if ((failures === undefined) === (runIds === undefined))
    throw new ConsoleError(400, 'INVALID_INPUT', 'give failures or runIds, one of them')
  if (runIds) {
    const { limit, ...request } = each
    if (limit !== undefined && !(Number.isInteger(limit) && limit > 0))
      throw new ConsoleError(
        400,
        'INVALID_INPUT',
        `limit must be a whole number of 1 or more; got ${show(limit)}`,
      )
    yield* ofEach(textsOf('runIds', runIds), limit, async (runId) => acts.redrive(runId, request))
    return
  }
  const { since, until, ...rest } = failures ?? { since: '' }
  const selection = { ...rest, since: timeOf(since) as Date, until: timeOf(until) }
  const many = { ...each, failures: selection } as RedriveManyRequest
  for await (const outcome of acts.redriveMany(many)) yield outcomeOf(outcome)
}

async function* cancels(acts: Acts, { runIds, ...who }: CancelsBody): AsyncGenerator<OutcomeView> {
  yield* ofEach(textsOf('runIds', runIds), undefined, async (runId) => acts.cancel(runId, who))
}

async function* ofEach(
  runIds: readonly string[],
  limit: number | undefined,
  act: (runId: string) => Promise<object>,
): AsyncGenerator<OutcomeView> {
  yield* pMapIterable(
    runIds.slice(0, limit),
    async (runId): Promise<OutcomeView> => {
      try {
        return { runId, ...(await act(runId)) }
      } catch (error) {
        return { runId, error: problemOf(error).problem }
      }
    },
    { concurrency: CONCURRENCY },
  )
}

function outcomeOf(outcome: RedriveOutcome): OutcomeView {
  return 'error' in outcome ? { runId: outcome.runId, error: problemOf(outcome.error).problem } : outcome
}

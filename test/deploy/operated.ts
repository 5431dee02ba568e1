/** What an operator does, by a function that has `grantManageRuns` and nothing else. */
import { randomUUID } from 'node:crypto'
import type {
  DeadLetterSummary,
  FailureGroup,
  Failures,
  ForkResult,
  PausedBlueprint,
  RedriveOutcome,
  RedriveResult,
  RunDescription,
  RunPage,
} from '../../lib/index.ts'
import { type Exercise, large } from './part.ts'
import { eventually, expectEqual, expectThat } from './steps.ts'

const WHY = { by: 'Ada', reason: 'the card came late' }
/** Workers see within half a minute that a blueprint is paused. */
const PAUSED_AFTER_MS = 45_000

export async function operated(exercise: Exercise): Promise<void> {
  const runId = `fragile-${randomUUID()}`
  const group = await findFailed(exercise, runId)
  await deadLetters(exercise)
  await repair(exercise, runId)
  await repairMany(exercise, group)
}

async function findFailed({ steps, service }: Exercise, runId: string): Promise<FailureGroup> {
  let group: FailureGroup | undefined
  await steps.run('an operator finds a failed run by its label and by its error', async () => {
    const since = new Date(Date.now() - 60_000).toISOString()
    await service.start({ blueprintId: 'fragile', runId, labels: { orderId: runId } })
    await service.seen(runId, 'failed')
    const query = { blueprintId: 'fragile', status: 'failed' }
    const idsOf = async (more: object) =>
      (await service.operate<RunPage>('list', { ...query, ...more })).runs.map((run) => run.runId)
    expectEqual('the runs with its label', await idsOf({ label: { orderId: runId } }), [runId])
    await eventually(
      'the run in the index',
      async (seen) => {
        const ids = await idsOf({ startedAfter: since })
        seen(ids)
        return ids.includes(runId) || undefined
      },
      service.patienceMs,
    )
    // Of an index of its own, which may be behind the other one.
    group = await eventually(
      'a failure at its node',
      async (seen) => {
        const { groups } = await service.operate<Failures>('failures', { since })
        seen(groups)
        return groups.find(({ nodeId }) => nodeId === 'charge')
      },
      service.patienceMs,
    )
    expectThat('a group of its error', group.message.includes('there is no card'), group)
  })
  return group as FailureGroup
}

async function deadLetters({ steps, service }: Exercise): Promise<void> {
  await steps.run('looks at dead letters, drops one, and sends another back', async () => {
    const body = `dropped ${randomUUID()}`
    const runId = `sent-back-${randomUUID()}`
    const job = JSON.stringify({ runId, blueprintId: 'greeting', nodeId: 'greet' })
    await service.putDeadLetter(body)
    await service.putDeadLetter(job, 'it was tried too often')
    const letterOf = (what: string) =>
      eventually(
        `'${what}' among the dead letters`,
        async (seen) => {
          const letters = await service.operate<DeadLetterSummary[]>('deadLetters.list', {})
          seen(letters)
          return letters.find((one) => one.body === what)
        },
        service.patienceMs,
      )
    const { id } = await letterOf(body)
    const dropped = await service.operate<DeadLetterSummary[]>('deadLetters.drop', { ids: [id] })
    expectEqual('what was dropped', bodiesOf(dropped), [body])
    const letter = await letterOf(job)
    expectEqual('what is said of the job', [letter.runId, letter.nodeId], [runId, 'greet'])
    const sent = await service.operate<DeadLetterSummary[]>('deadLetters.sendBack', { runId })
    expectEqual('what was sent back', bodiesOf(sent), [job])
    await eventually('the run of the job', () => service.isThere(runId), service.patienceMs)
    await service.completed(runId)
  })
}

async function repair({ steps, service }: Exercise, runId: string): Promise<void> {
  await steps.run('redrives it with what it lacked, pauses it, and skips what it waits for', async () => {
    const set = { card: large() }
    const { again } = await service.operate<RedriveResult>('redrive', runId, { set, ...WHY })
    expectEqual('what runs again', again, ['charge'])
    await service.seen(runId, 'awaiting')
    expectEqual('a pause', await service.operate('pause', runId, WHY), { paused: true })
    const skipped = await service.operate('skip', runId, { nodeId: 'approval', output: 'hand', ...WHY })
    expectEqual('the skip', skipped, { skipped: true })
    const { status, pausedBy, context: seen } = await service.operate<RunDescription>('get', runId)
    expectEqual('how it stands', [status, pausedBy], ['paused', 'run'])
    expectEqual('what it got, which is in the bucket', seen['card'], set.card)
    expectEqual('an unpause', await service.operate('unpause', runId, WHY), { unpaused: true })
    const { context, operations = [] } = await service.completed(runId)
    expectEqual('its end', context['ship'], 'shipped by hand')
    const done = operations.map(({ kind, by }) => `${kind} by ${by}`)
    expectEqual('who did it', done, ['redrive', 'pause', 'skip', 'unpause'].map(byAda))
  })

  await steps.run('forks it from its last node, and finds the fork', async () => {
    const { runId: fork, again } = await service.operate<ForkResult>('fork', runId, { nodes: ['ship'] })
    expectEqual('what runs again', again, ['ship'])
    const { context, forkedFrom } = await service.completed(fork)
    expectEqual('its end', context['ship'], 'shipped by hand')
    const { card } = (await service.completed(runId)).context
    expectEqual('what it has of the first run', context['card'], card)
    expectEqual('where it is from', forkedFrom, { runId })
    const forks = await eventually(
      'its forks',
      async () => {
        const { runs } = await service.operate<RunPage>('list', { forkedFrom: runId })
        return runs.length > 0 ? runs.map((run) => run.runId) : undefined
      },
      service.patienceMs,
    )
    expectEqual('its forks', forks, [fork])
  })
}

async function repairMany({ steps, service }: Exercise, group: FailureGroup): Promise<void> {
  await steps.run(
    'redrives all that failed of one error; resumes one of them, cancels the other',
    async () => {
      const since = new Date().toISOString()
      const ids = [1, 2].map((number) => `fragile-${number}-${randomUUID()}`)
      for (const runId of ids) await service.start({ blueprintId: 'fragile', runId })
      for (const runId of ids) await service.seen(runId, 'failed')
      // What `redriveMany` finds is of an index that follows the table.
      await eventually(
        'both among the failures',
        async (seen) => {
          const { runs } = await service.operate<Failures>('failures', { since })
          seen(runs)
          return runs >= ids.length || undefined
        },
        service.patienceMs,
      )
      const request = { failures: { since, group }, set: { card: '4711' }, ...WHY }
      const outcomes = await service.operate<RedriveOutcome[]>('redriveMany', request)
      const redriven = outcomes.flatMap((one) => ('redriven' in one && one.redriven ? one.runId : []))
      expectEqual('what was redriven', redriven.toSorted(), ids.toSorted())
      for (const runId of ids) await service.seen(runId, 'awaiting')
      const [resumed = '', cancelled = ''] = ids
      const event = { nodeId: 'approval', output: 'Bob' }
      expectEqual('a resume', await service.operate('resume', resumed, event), { resumed: true })
      expectEqual('its end', (await service.completed(resumed)).context['ship'], 'shipped by Bob')
      expectEqual('a cancel', await service.operate('cancel', cancelled, WHY), { cancelled: true })
      const { operations = [] } = await service.seen(cancelled, 'cancelled')
      const done = operations.map(({ kind, by }) => `${kind} by ${by}`)
      expectEqual('who did it', done, ['redrive', 'cancel'].map(byAda))
      // That it failed before was told, too, and may be read after.
      await eventually(
        'its end among those that were told',
        async (seen) => {
          const ends = await service.endsOf([cancelled])
          seen(ends)
          return ends[cancelled] === 'cancelled' || undefined
        },
        service.patienceMs,
      )
    },
  )
}

/** Long before `releaseBlueprint`: by then all workers have seen it. */
export async function holdBlueprint({ steps, service }: Exercise): Promise<void> {
  await steps.run('an operator with nothing but grantManageRuns pauses a blueprint', async () => {
    await service.operate('pauseBlueprint', 'held', WHY)
    const paused = await service.operate<PausedBlueprint[]>('pausedBlueprints')
    expectEqual(
      'what is paused, and by whom',
      paused.map(({ blueprintId, by }) => ({ blueprintId, by })),
      [{ blueprintId: 'held', by: 'Ada' }],
    )
  })
}

export async function releaseBlueprint({ steps, service }: Exercise): Promise<void> {
  await steps.run('a run of the paused blueprint waits, and goes on once it is unpaused', async () => {
    const runId = await eventually(
      'a run that is held',
      async (seen) => {
        const started = await service.start({ blueprintId: 'held', input: { name: 'Ada' } })
        const run = await eventually(
          'a look at the run',
          async () => {
            const { status, pausedBy } = await service.runs.get(started.runId)
            return status === 'completed' || status === 'paused' ? { status, pausedBy } : undefined
          },
          service.patienceMs,
        )
        seen(run)
        return run.pausedBy === 'blueprint' ? started.runId : undefined
      },
      PAUSED_AFTER_MS,
    )
    expectEqual('an unpause', await service.operate('unpauseBlueprint', 'held'), { unpaused: true })
    expectEqual('its end', (await service.completed(runId)).context['greet'], 'hello Ada')
    expectEqual('what is paused', await service.operate('pausedBlueprints'), [])
  })
}

const byAda = (kind: string): string => `${kind} by Ada`

function bodiesOf(letters: readonly DeadLetterSummary[]): string[] {
  return letters.map((one) => one.body)
}

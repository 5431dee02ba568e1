/**
 * What CloudFormation says is there is not in force everywhere at once: roles' permissions spread for a while (IAM), rules let
 * events pass unseen at first (EventBridge), the name of a function's URL must become known (DNS). Waited for by trying it.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency
 * https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html
 */
import { randomUUID } from 'node:crypto'
import { PutEventsCommand } from '@aws-sdk/client-eventbridge'
import type { ExerciseOptions } from './part.ts'
import { Service } from './service.ts'
import { eventually } from './steps.ts'

/** Also a message that met a refusal comes back within it: six minutes of the queue's visibility timeout, and some. */
const READY_AFTER_MS = 600_000
/** How long one event is waited for until another one is sent. */
const ATTEMPT_MS = 20_000

/** @throws Error where something is not in force after ten minutes */
export async function becomeReady(options: Omit<ExerciseOptions, 'steps'>): Promise<void> {
  const service = new Service({ ...options, patienceMs: READY_AFTER_MS })
  const request = { blueprintId: 'greeting', input: { name: 'the first' } }
  await allowed('a caller to be allowed to start', () => service.start(request))
  await allowed('the reader to be allowed to read', () => service.read('list', { blueprintId: 'greeting' }))
  await allowed('the operator to be allowed to operate', () => service.operate('pausedBlueprints'))
  await eventually(
    "the webhook's URL to answer",
    async (seen) => {
      const answer = await service.pay(options.outputs.WebhookUrl, {}).catch((error: Error) => error)
      seen(answer)
      return !(answer instanceof Error) && answer.statusCode !== 403 ? true : undefined
    },
    READY_AFTER_MS,
  )
  await eventually('a rule to tell the end of a run', () => toldEnd(service, request), READY_AFTER_MS)
  await eventually('a rule to start a run', () => startedByRule(service, options), READY_AFTER_MS)
}

/** Only a refusal is waited out: whatever else is wrong is told at once. */
async function allowed(what: string, ask: () => Promise<unknown>): Promise<void> {
  await eventually(
    what,
    async (seen) => {
      try {
        await ask()
        return true
      } catch (error) {
        if (!isRefusal(error)) throw error
        seen((error as Error).message)
        return undefined
      }
    },
    READY_AFTER_MS,
  )
}

/** As AWS says it, of any service, also where a function hands it on. */
export function isRefusal(error: unknown): boolean {
  return (
    error instanceof Error && /not authorized to perform|AccessDenied/.test(`${error.name} ${error.message}`)
  )
}

async function toldEnd(service: Service, request: { blueprintId: string }): Promise<true | undefined> {
  const { runId } = await service.start(request)
  await service.completed(runId)
  return service.endsOf([runId], ATTEMPT_MS).then(
    () => true as const,
    () => undefined,
  )
}

async function startedByRule(
  service: Service,
  { clients }: Pick<ExerciseOptions, 'clients'>,
): Promise<true | undefined> {
  const Detail = JSON.stringify({ guest: `the first ${randomUUID()}` })
  const Entries = [{ Source: 'deploy.test', DetailType: 'Arrival', Detail }]
  const { Entries: [put] = [] } = await clients.eventBridge.send(new PutEventsCommand({ Entries }))
  const look = () => service.isThere(`greeting:${put?.EventId}`)
  return eventually('a run', look, ATTEMPT_MS).catch(() => undefined)
}

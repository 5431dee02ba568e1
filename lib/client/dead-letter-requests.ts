/** The dead letters of a service, by `client.deadLetters`. */
import * as v from 'valibot'
import { FlowcraftAwsError, problemsError } from '../core/common/errors.ts'
import { checked, must } from '../core/common/schema.ts'
import {
  type DeadLetterFilter,
  type DeadLetterServices,
  type DeadLetterSummary,
  dropDeadLetters,
  listDeadLetters,
  sendBackDeadLetters,
} from '../core/run/dead-letters.ts'
import type { OperationRequest } from './steering.ts'

export interface ListDeadLettersRequest extends DeadLetterFilter {
  /** Messages at most, 1 to 1000. @default 100 */
  readonly limit?: number
}

/** Which messages: by id, of a run, or all of them. */
export type SendBackRequest = DeadLetterFilter | { readonly all: true }
/** Which messages are taken out of the dead-letter queue for good, by whom and why. */
export type DropRequest = SendBackRequest & OperationRequest

const LIMIT = 100
const LIMIT_AT_MOST = 1_000

const nonEmpty = v.pipe(v.string(), v.nonEmpty())
const filter = {
  ids: v.optional(must(v.pipe(v.array(nonEmpty), v.nonEmpty()), 'ids must be a list of message ids')),
  runId: v.optional(must(nonEmpty, 'runId must be the id of a run')),
}
const listRequest = v.object({
  ...filter,
  limit: v.optional(
    must(
      v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(LIMIT_AT_MOST)),
      `limit must be a whole number from 1 to ${LIMIT_AT_MOST}`,
    ),
  ),
})
const selection = v.object({
  ...filter,
  all: v.optional(must(v.literal(true), 'all must be true')),
  by: v.optional(must(nonEmpty, 'by must be a text')),
  reason: v.optional(must(nonEmpty, 'reason must be a text')),
})

/**
 * Messages that no worker could be done with. Each look receives them, so that others do not see them for as long as it takes,
 * a minute at most; SQS may not show all at once.
 */
export class DeadLetterBox {
  readonly #services: () => DeadLetterServices

  /** @internal */
  constructor(services: () => DeadLetterServices) {
    this.#services = services
  }

  /** @throws FlowcraftAwsError INVALID_INPUT; INVALID_CONFIGURATION where no dead-letter queue is known */
  async list(request: ListDeadLettersRequest = {}): Promise<readonly DeadLetterSummary[]> {
    const { limit = LIMIT, ...rest } = checked(listRequest, request, refusal('list'))
    return listDeadLetters(this.#services(), rest, limit)
  }

  /**
   * Sends jobs back to the workers. What is no job stays.
   * @returns the messages that were sent back
   * @throws FlowcraftAwsError as `list`
   */
  async sendBack(request: SendBackRequest): Promise<readonly DeadLetterSummary[]> {
    return sendBackDeadLetters(this.#services(), selected(request, 'send back'))
  }

  /**
   * Removes messages for good. A run that needs one says so in `get`, and does not go on by itself: cancel it, or start its
   * node's job anew by `reconcile`.
   * @returns the messages that were dropped
   * @throws FlowcraftAwsError as `list`
   */
  async drop(request: DropRequest): Promise<readonly DeadLetterSummary[]> {
    const { by, reason } = checked(selection, request, refusal('drop'))
    return dropDeadLetters(this.#services(), selected(request, 'drop'), { by, reason })
  }
}

/** A filter that is forgotten must not mean all. */
function selected(request: SendBackRequest, what: string): DeadLetterFilter {
  const { ids, runId, all } = checked(selection, request, refusal(what))
  if (all !== (ids === undefined && runId === undefined ? true : undefined)) {
    throw new FlowcraftAwsError(
      'INVALID_INPUT',
      `cannot ${what} dead letters: give ids, runId or both, or all: true alone, got ${JSON.stringify(request)}`,
    )
  }
  return { ids, runId }
}

function refusal(what: string) {
  return (problems: readonly string[]) =>
    problemsError('INVALID_INPUT', `cannot ${what} dead letters`, problems)
}

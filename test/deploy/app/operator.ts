/** A function of somebody who operates the service. It has the permissions and the environment of `grantManageRuns`. */
import { type DropRequest, type ListDeadLettersRequest, RunClient } from 'flowcraft-aws'

const client = new RunClient()

export interface Operation {
  readonly method:
    | 'drop'
    | 'failures'
    | 'fork'
    | 'get'
    | 'letters'
    | 'list'
    | 'pause'
    | 'redrive'
    | 'skip'
    | 'unpause'
  readonly args: readonly unknown[]
}

/** What JSON cannot carry. */
function withDate(arg: unknown): unknown {
  const { since } = Object(arg) as { readonly since?: string }
  return since === undefined ? arg : { ...(arg as object), since: new Date(since) }
}

export async function handler({ method, args }: Operation): Promise<unknown> {
  if (method === 'letters') return client.deadLetters.list(args[0] as ListDeadLettersRequest)
  if (method === 'drop') return client.deadLetters.drop(args[0] as DropRequest)
  const call = client[method] as (...given: readonly unknown[]) => Promise<unknown>
  return call.apply(client, args.map(withDate))
}

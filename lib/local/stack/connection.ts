// What the functions of a stack were told of their service: its queue, its table and what else it has.

import { environmentVariables } from '../../core/common/environment.ts'
import type { LocalClients, LocalConnection } from '../connection.ts'
import { localError } from '../errors.ts'
import type { LocalFunction } from '../lambda/types.ts'

type Environment = Readonly<Record<string, string>>
type Names = Omit<LocalConnection, keyof LocalClients>

/** `functions` are those of the stack, or the one that names the service where there are several. */
export function connectionOf(
  stackName: string,
  clients: LocalClients,
  functions: readonly LocalFunction[],
): LocalConnection {
  const services = new Map<string, Names>()
  for (const { environment } of functions) {
    const names = namesOf(environment)
    if (!names) continue
    // One function is told more than another: of the bucket, say.
    const key = JSON.stringify([names.queueUrl, names.tableName])
    services.set(key, { ...services.get(key), ...names })
  }
  const [names] = services.values()
  if (!names) {
    throw localError(`no function of stack ${stackName} was told of a service's queue and table`)
  }
  if (services.size === 1) return { ...clients, ...names }
  const all = functions.map(({ name }) => name).join(', ')
  throw localError(
    `stack ${stackName} has ${services.size} services: name a function of the one that is meant, of ${all}`,
  )
}

function namesOf(env: Environment): Names | undefined {
  const value = (name: keyof typeof environmentVariables) => env[environmentVariables[name]] || undefined
  const [queueUrl, tableName, pools] = [value('queueUrl'), value('tableName'), value('pools')]
  if (queueUrl === undefined || tableName === undefined) return undefined
  const others = (['deadLetterQueueUrl', 'serviceName', 'bucketName'] as const).flatMap((name) => {
    const text = value(name)
    return text === undefined ? [] : [[name, text]]
  })
  const parsed = pools === undefined ? {} : { pools: JSON.parse(pools) as Names['pools'] }
  return { queueUrl, tableName, ...Object.fromEntries(others), ...parsed }
}

/** A service as the console shows it. */
import { userInfo } from 'node:os'
import { ServiceSource } from '../../console/service-source.ts'
import type { ConsoleSource } from '../../console/source.ts'
import type { RunClient } from '../../client/run-client.ts'
import { ownManifest } from '../init/own-package.ts'
import { isLocal, placeOf, type Service } from '../service.ts'
import { describeWorkersOf, type DescribeWorkersOptions } from './describe-workers.ts'
import { logsOf } from './logs.ts'

export interface ConsoleServiceOptions extends Omit<DescribeWorkersOptions, 'queueUrl'> {
  readonly service: Service
  readonly client: RunClient
  readonly queueUrl: string
  readonly writable: boolean
  readonly env: NodeJS.ProcessEnv
}

export function consoleSourceOf(options: ConsoleServiceOptions): ConsoleSource {
  const { service, client, writable, env } = options
  return new ServiceSource({
    client,
    service: {
      ...shownOf(),
      name: service.name,
      place: placeOf(service, env),
      kind: isLocal(service, env) ? 'local' : 'account',
      writable,
    },
    logs: logsOf(service, client),
    describeWorkers: describeWorkersOf(options),
  })
}

export function shownOf() {
  return { version: ownManifest.version, by: userName() }
}

/** Who sits at this computer. */
function userName(): string {
  try {
    return userInfo().username
  } catch {
    // A container may run under an id that has no name.
    return 'console'
  }
}

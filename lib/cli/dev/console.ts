/** The web console of what runs here, beside the local AWS. */
import { clientServices } from '../../client/client-services.ts'
import { RunClient } from '../../client/run-client.ts'
import { environmentVariables } from '../../core/common/environment.ts'
import { messageOf } from '../../core/common/errors.ts'
import type { ConsoleSource } from '../../console/source.ts'
import { type RunningConsole, serveConsole } from '../../console/serve.ts'
import type { LocalAws } from '../../local/index.ts'
import { consoleSourceOf } from '../console/service-of.ts'
import type { DevServer, DevService } from '../dev-server.ts'
import type { Io } from '../io.ts'

export interface DevConsoleOptions {
  readonly aws: LocalAws
  readonly projectFolder: string
  readonly io: Io
}

export class DevConsole {
  readonly #options: DevConsoleOptions
  #sources = new Map<string, ConsoleSource>()
  #running: RunningConsole | undefined

  constructor(options: DevConsoleOptions) {
    this.#options = options
  }

  /** Its address, with its token. */
  get url(): string | undefined {
    return this.#running?.url
  }

  /** Without a page, as in a checkout that was not built, all else goes on. */
  async start(): Promise<void> {
    try {
      this.#running = await serveConsole({ sources: () => [...this.#sources.values()] })
    } catch (error) {
      this.#options.io.err(`no console: ${messageOf(error)}`)
    }
  }

  /** After a deployment. What a page looks at goes on where its service is the same. */
  update(server: DevServer): void {
    const next = server.services.map((service) => {
      const key = JSON.stringify([service.stack, service.environment, service.functions])
      return [key, this.#sources.get(key) ?? this.#sourceOf(service, server)] as const
    })
    this.#sources = new Map(next)
  }

  #sourceOf({ stack, name, environment, functions }: DevService, server: DevServer): ConsoleSource {
    const { aws, projectFolder, io } = this.#options
    const { lambdaClient, sqsClient } = aws.clients
    return consoleSourceOf({
      service: { name: `${stack}/${name}`, environment, functions, server: { ...server, projectFolder } },
      // In this process several services have an environment each.
      client: new RunClient({}, clientServices({ ...aws.clients }, environment)),
      writable: true,
      env: io.env,
      queueUrl: environment[environmentVariables.queueUrl] ?? '',
      lambdaClient,
      sqsClient,
      onTrouble: (error) =>
        io.err(`the console could not ask the workers what they have: ${messageOf(error)}`),
    })
  }

  async stop(): Promise<void> {
    await this.#running?.stop()
  }
}

/** Runs a command line, and says how it went. */
import { CommanderError } from 'commander'
import { RunClient } from '../client/run-client.ts'
import type { Connection, GlobalOptions } from './context.ts'
import { exitCodeOf, exitCodes, sentenceOf } from './exit-codes.ts'
import type { ServiceClients } from './account-service.ts'
import { findService } from './find-service.ts'
import { colorsOf, type Io } from './io.ts'
import { programOf } from './program.ts'

export interface MainOptions {
  /** @default - clients of the region */
  readonly clients?: (region: string | undefined) => ServiceClients
}

/**
 * @param args - without the program's own name
 * @returns the exit code
 */
export async function main(args: readonly string[], io: Io, options: MainOptions = {}): Promise<number> {
  let code: number = exitCodes.done
  const cli = { io, connect: (given: GlobalOptions) => connect(io, given, options) }
  const program = programOf(cli, (ended) => (code = ended))
  try {
    await program.parseAsync([...args], { from: 'user' })
    return code
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.usage
    if (io.signal.aborted) return exitCodes.interrupted
    io.err(`${colorsOf(io).red('error:')} ${sentenceOf(error)}`)
    return exitCodeOf(error)
  }
}

/** The SDK and the client read the environment of this process, which is this command's alone. */
async function connect(io: Io, options: GlobalOptions, { clients }: MainOptions): Promise<Connection> {
  const service = await findService(options, io, clients)
  return { service, client: new RunClient() }
}

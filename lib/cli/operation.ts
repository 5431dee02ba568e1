/** Operations: what each of them may say, who asks for it and why, and how it is done and told. */
import type { Command } from 'commander'
import type { RunClient } from '../client/run-client.ts'
import { type Cli, type CommandContext, contextOf } from './context.ts'

export interface Who {
  readonly by?: string
  readonly reason?: string
}

export function operation(command: Command, { io: { env } }: Cli): Command {
  return command
    .option('--by <name>', 'who does it', env['USER'] || env['USERNAME'] || undefined)
    .option('--reason <text>', 'why; both are kept')
}

/** The action of a command about one thing, named by an id: does it, and tells in a line what came of it. `asks` before. */
export function doing<O, R>(
  cli: Cli,
  work: (client: RunClient, id: string, options: O) => Promise<R>,
  line: (result: R) => string,
  asks?: (context: CommandContext, id: string) => Promise<void>,
) {
  return async (id: string, options: O, command: Command): Promise<void> => {
    const context = await contextOf(cli, command)
    await asks?.(context, id)
    const result = await work(context.client, id, options)
    context.answer(result, () => [line(result)])
  }
}

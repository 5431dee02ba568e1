/** What every operation may say: who asks for it, and why. */
import type { Command } from 'commander'
import type { Cli } from './context.ts'

export interface Who {
  readonly by?: string
  readonly reason?: string
}

export function operation(command: Command, { io: { env } }: Cli): Command {
  return command
    .option('--by <name>', 'who does it', env['USER'] || env['USERNAME'] || undefined)
    .option('--reason <text>', 'why; both are kept')
}

/** What `dev` tells of itself. */
import type { LocalStack } from '../../local/index.ts'
import { isFlowcraftAwsError, messageOf } from '../../core/common/errors.ts'
import type { DevService } from '../dev-server.ts'
import { basename } from 'node:path'
import type { Colors, Io } from '../io.ts'
import { SynthError } from './synth.ts'

interface Deployed {
  readonly stacks: Readonly<Record<string, LocalStack>>
  readonly services: readonly DevService[]
  readonly ms: number
  /** The files because of which; none at the start. */
  readonly changed: ReadonlySet<string>
  /** Address of the web console, where there is one. */
  readonly console?: string | undefined
}

export function sayStarted(io: Io, colors: Colors, { stacks, services, ms, console }: Deployed): void {
  io.out(`${colors.green('ready')} ${Object.keys(stacks).join(', ')} ${colors.dim(secondsOf(ms))}`)
  for (const { stackName, outputs } of Object.values(stacks)) {
    for (const [name, value] of Object.entries(outputs)) io.out(`  ${stackName}.${name} = ${value}`)
  }
  if (services.length === 0) io.out('  no function of these stacks is of a Flowcraft service')
  else io.out(`  in another terminal: ${colors.bold('npx flowcraft-aws start <blueprint> --wait')}`)
  if (console !== undefined) io.out(`  console: ${colors.bold(console)}`)
  io.out(colors.dim('  watching files; Ctrl-C ends'))
}

export function sayUpdated(
  io: Io,
  colors: Colors,
  what: string,
  { ms, changed }: Omit<Deployed, 'stacks' | 'services'>,
) {
  const files = [...changed].map((file) => basename(file)).join(', ')
  io.out(`${colors.green('updated')} ${what} ${colors.dim(`${files}, ${secondsOf(ms)}`)}`)
}

/** What ran before goes on. */
export function sayFailure(io: Io, colors: Colors, error: unknown): void {
  io.err(`${colors.red('not updated:')} ${failureOf(error)}`)
}

interface BuildError {
  readonly errors?: readonly {
    readonly text: string
    readonly location?: { readonly file: string; readonly line: number; readonly column: number } | null
  }[]
}

/** Of a bundle each place that does not build; of an app what it printed. */
function failureOf(error: unknown): string {
  const { errors } = (error ?? {}) as BuildError
  if (Array.isArray(errors) && errors.length > 0) {
    const lines = (errors as NonNullable<BuildError['errors']>).map(({ text, location }) =>
      location ? `${location.file}:${location.line}:${location.column + 1} ${text}` : text,
    )
    return lines.join('\n')
  }
  if (error instanceof SynthError || isFlowcraftAwsError(error)) return messageOf(error)
  return error instanceof Error ? (error.stack ?? error.message) : messageOf(error)
}

function secondsOf(ms: number): string {
  return `in ${(ms / 1_000).toFixed(1)} s`
}

/** What the deployed functions logged. */
import { paginateFilterLogEvents } from '@aws-sdk/client-cloudwatch-logs'
import { GetFunctionConfigurationCommand } from '@aws-sdk/client-lambda'
import type { Clients, Outputs } from './deployment.ts'

/** The requests for which a function had no permission, as AWS says it, since a time in milliseconds. */
export async function refusals(clients: Clients, outputs: Outputs, since: number): Promise<string[]> {
  const lines = await logLines(clients, outputs, since)
  const refused = lines.flatMap((line) => /not authorized to perform: [\w:]+/.exec(line)?.[0] ?? [])
  return [...new Set(refused)]
}

/** Lines arrive seconds after they were written: whether those about a run have. */
export async function areLogged(
  clients: Clients,
  outputs: Outputs,
  { since, runId }: { since: number; runId: string },
): Promise<true | undefined> {
  const lines = await linesOf(clients, outputs.WorkerFunctionName, since)
  return lines.some((line) => line.includes(runId)) || undefined
}

/** The last lines that tell of trouble. */
export async function lastTroubles(clients: Clients, outputs: Outputs, since = 0): Promise<string[]> {
  const lines = await logLines(clients, outputs, since)
  return lines.filter((line) => /"level":"(ERROR|WARN)"|denied|timed out|Error:/i.test(line)).slice(-10)
}

async function logLines(clients: Clients, outputs: Outputs, since: number): Promise<string[]> {
  const names = Object.entries(outputs).filter(([name]) => name.endsWith('FunctionName'))
  // One after the other: an account may ask for five pages a second.
  const all: string[] = []
  for (const [, name] of names) all.push(...(await linesOf(clients, name as string, since)))
  return all
}

async function linesOf({ lambda, logs }: Clients, functionName: string, since: number): Promise<string[]> {
  const command = new GetFunctionConfigurationCommand({ FunctionName: functionName })
  const { LoggingConfig: logging } = await lambda.send(command)
  const logGroupName = logging?.LogGroup ?? `/aws/lambda/${functionName}`
  try {
    const lines: string[] = []
    const request = { logGroupName, startTime: since }
    // A page may be empty and not the last.
    for await (const { events = [] } of paginateFilterLogEvents({ client: logs }, request)) {
      lines.push(...events.map(({ message = '' }) => message))
    }
    return lines
  } catch (error) {
    // A function that has not run yet has no log group.
    if (error instanceof Error && error.name === 'ResourceNotFoundException') return []
    throw error
  }
}

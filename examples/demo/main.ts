/**
 * `npm run demo`: audits the packages installed in this repository by a workflow that runs on SQS, DynamoDB and
 * Lambda handlers, all of them on this computer. `--json` prints one JSON document and nothing else.
 */
import { performance } from 'node:perf_hooks'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import pc from 'picocolors'
import { RunClient, type RunDescription, type StartRunResult } from '../../lib/index.ts'
import { priceOf, type Usage } from '../../lib/local/index.ts'
import { type AuditReport, dependencyAudit } from '../dependency-audit/flow.ts'
import { deploy, type Deployment } from './deployment.ts'
import { liveView, type NodeEnded, type NodeRetried, noView, plainView, type View } from './view.ts'

// The SDK's reminder of Node 22 is not about this project.
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** What `--json` prints. */
interface DemoResult {
  readonly runId: string
  readonly status: string
  readonly result: AuditReport | undefined
  readonly nodes: RunDescription['nodes']
  readonly durationMs: number
  readonly requests: { readonly dynamodb: number; readonly sqs: number; readonly s3: number }
  readonly units: { readonly read: number; readonly write: number }
  readonly usd: number
}

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { json: { type: 'boolean', default: false } } })
  const say = (line: string) => {
    if (!values.json) console.log(line)
  }
  say(`${pc.bold('flowcraft-aws demo')}: an audit of this repository's node_modules, as a workflow on AWS`)
  say(pc.dim('  synthesising examples/demo/app.ts, and deploying its stack to this computer'))
  const view = values.json ? noView : process.stdout.isTTY ? liveView(nodeIds()) : plainView(say)
  const outcome = await run(view)
  const { result } = outcome
  if (values.json) console.log(JSON.stringify(result))
  else print(say, outcome)
  return result.status === 'completed' ? 0 : 1
}

async function run(view: View) {
  const deployment = await deploy((line) => showLine(view, line))
  const { aws, stack } = deployment
  const client = watcher(deployment)
  try {
    const before = aws.meter.snapshot()
    const startedAt = performance.now()
    const request = { blueprintId: dependencyAudit.toBlueprint().id, input: { root } }
    const { runId } = (await stack.function('StartRunFunctionName').invoke(request)) as StartRunResult
    const description = await client.waitFor(runId, { timeoutMs: 120_000, pollMs: 100 })
    const durationMs = Math.round(performance.now() - startedAt)
    await view.end()
    // The worker tells the end of the run and acknowledges its messages after the last node; that belongs to the run.
    await aws.stop()
    const usage = aws.meter.since(before)
    const result = summarise(description, usage, deployment, durationMs)
    return { result, description, usage, engine: aws.engine }
  } finally {
    await aws.stop()
  }
}

/** Looks at the run past the meter, so that what is counted is what the run took. */
function watcher({ aws, stack }: Deployment): RunClient {
  const dynamoDbClient = new DynamoDBClient({
    ...aws.clientConfig.dynamodb,
    endpoint: aws.unmetered.dynamodb,
  })
  return new RunClient({
    ...stack.connection(),
    dynamoDbClient,
  })
}

/** Workers log a line of JSON for each node that ended, and the engine one for each try that failed. */
function showLine(view: View, line: string): void {
  if (!line.startsWith('{')) return void process.stderr.write(`${line}\n`)
  const entry = JSON.parse(line) as NodeEnded & NodeRetried & { level: string; message: string }
  if (entry.message === 'node ended') view.show(entry)
  else if (entry.message === 'Node execution failed, retrying') view.retried(entry)
  else if (entry.level === 'ERROR') process.stderr.write(`${line}\n`)
}

function summarise(
  { runId, status, context, nodes }: RunDescription,
  usage: Usage,
  { aws }: Deployment,
  durationMs: number,
): DemoResult {
  const { dynamodb, sqs, s3 } = usage
  return {
    runId,
    status,
    result: context['report'] as AuditReport | undefined,
    nodes,
    durationMs,
    requests: { dynamodb: dynamodb.requests, sqs: sqs.requests, s3: s3.requests },
    units: { read: dynamodb.readUnits, write: dynamodb.writeUnits },
    usd: priceOf(usage, aws.lambdaUsage()).usd,
  }
}

function print(say: (line: string) => void, outcome: Awaited<ReturnType<typeof run>>): void {
  const { result: demo, description, usage, engine } = outcome
  say('')
  for (const { nodeId, message } of description.errors ?? []) say(pc.red(`${nodeId}: ${message}`))
  if (demo.result) say(demo.result.markdown.trimEnd())
  const { dynamodb, sqs, s3 } = demo.requests
  const { read, write } = demo.units
  say('')
  say(`${pc.bold(demo.status)} in ${demo.durationMs} ms, run ${demo.runId}`)
  const events = usage.eventbridge.requests
  say(
    `requests   DynamoDB ${dynamodb} (${write} write units, ${read} read units), SQS ${sqs}, S3 ${s3}, EventBridge ${events}`,
  )
  say(
    `on AWS     $${demo.usd.toFixed(6)}: ${Math.floor(1 / demo.usd).toLocaleString('en')} such runs for a dollar`,
  )
  say(pc.dim(`played by  ${engine.dynamodb} (DynamoDB), ${engine.sqs} (SQS, S3), child processes (Lambda)`))
}

function nodeIds(): string[] {
  return dependencyAudit.toBlueprint().nodes.map(({ id }) => id)
}

process.exitCode = await main()

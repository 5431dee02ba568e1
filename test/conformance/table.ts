/** The table of conformance cases, as `npm run conformance` prints it and docs/conformance.md shows it. */
import { fileURLToPath } from 'node:url'
import { type Emulator, emulators } from '../emulators/emulators.ts'
import type { ConformanceCase } from './case.ts'
import { groups } from './cases.ts'

export const DOCS = fileURLToPath(new URL('../../docs/conformance.md', import.meta.url))

const INTRODUCTION = `# Conformance

Each line is a workflow that is run in memory, by \`FlowRuntime.run\`, and by the protocol, on stores in memory and on the
local AWS. Status, outputs, errors, context and the number of executions of each node must be the same. Where the
engine in memory is known not to do what its guides and types promise ([limits](limits.md)), the outcome that they
promise is written down in the case instead; the table says which.

\`npm run conformance\` prints it, \`npm run conformance -- --aws\` over the local AWS. [\`npm run fuzz\`](fuzzing.md) compares random
workflows in the same way, \`npm run simulate\` runs these under faults.
`

/** The whole page. */
export function docsOf(): string {
  return `${INTRODUCTION}\n${enginesText()}\n${tableOf()}\n`
}

/** What the emulators of other makers are, and what of them is mended before the kit sees it. */
function enginesText(): string {
  const rows = Object.entries<Emulator>(emulators).map(([name, { title, from, plays, shims, skips }]) => {
    const mended = shims.map((shim) => `*${shim.name}*: ${shim.why}`).join(' ')
    const services = plays.map((service) => SERVICES[service]).join(', ')
    return `| \`${name}\` | ${title}, by ${from} | ${services} | ${mended || 'nothing'} | ${skips.map(({ why }) => why).join(' ') || 'nothing that these tests meet'} |`
  })
  return [
    '## A second opinion',
    '',
    '    npm run conformance -- --aws --engines elasticmq,moto',
    '',
    'runs the table over emulators of other makers, one after the other, in place of those that the [local AWS](local.md)',
    'starts by itself. What an emulator does not play those play. It is fetched once, into `.engines`: ElasticMQ needs',
    'Java 11 and Maven, moto Python 3.10. `--faults` runs the tests over each as well in which requests fail, answers are',
    'lost, workers die and messages come twice, and those that hold the store, the queues and the bucket to what the',
    'protocol asks of them; the tests for what is in the last column are left out. CI runs the table over both.',
    '',
    '| engine | is | plays | what a shim in `test/emulators` mends | what else it gets wrong |',
    '|---|---|---|---|---|',
    ...rows,
    '',
    'Each case ends on both as the table says.',
    '',
  ].join('\n')
}

const SERVICES = { sqs: 'SQS', dynamodb: 'DynamoDB', s3: 'S3' } as const

export function tableOf(different: readonly string[] = []): string {
  const sections = Object.entries(groups).map(([group, cases]) =>
    [`## ${group}`, '', '| case | ends |', '|---|---|', ...cases.map((one) => rowOf(one, different))].join(
      '\n',
    ),
  )
  return sections.join('\n\n')
}

function rowOf(one: ConformanceCase, different: readonly string[]): string {
  const how = one.instead || one.reference ? 'as promised' : 'as in memory'
  return `| ${one.name} | ${different.includes(one.name) ? 'DIFFERENTLY' : how} |`
}

/**
 * `npm run conformance`: each case in memory and by the protocol, and whether they end the same, as the table that
 * docs/conformance.md shows. `--aws`: over the local AWS rather than stores in memory. `--json`:
 * `{ cases, same, different }`. `--case NAME`: this one alone. `--write`: writes the table to the docs where all end the same.
 */
import { writeFile } from 'node:fs/promises'
import { isDeepStrictEqual, parseArgs } from 'node:util'
import { type LocalAws, startLocalAws } from '../../lib/local/index.ts'
import { runOnAws } from './aws.ts'
import type { ConformanceCase } from './case.ts'
import { cases } from './cases.ts'
import { comparedOf, expectedOf } from './check.ts'
import { runOnService } from './outcome.ts'
import { DOCS, docsOf, tableOf } from './table.ts'

const { values } = parseArgs({
  options: {
    aws: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    case: { type: 'string' },
  },
})
const chosen = cases.filter(({ name }) => values.case === undefined || name === values.case)
if (chosen.length === 0) throw new Error(`no case '${values.case}'`)
/** Cases that run at a time on the local AWS. */
const AT_A_TIME = 6

async function isSame(one: ConformanceCase, aws: LocalAws | undefined): Promise<boolean> {
  const expected = await expectedOf(one)
  const outcomes = aws
    ? [await runOnAws(aws, one.make())]
    : [await runOnService(one.make(), true), await runOnService(one.make(), false)]
  return outcomes.every((outcome) => isDeepStrictEqual(comparedOf(one, outcome), expected))
}

async function differentOn(aws: LocalAws | undefined): Promise<string[]> {
  const different = new Set<ConformanceCase>()
  const todo = [...chosen]
  const work = async () => {
    for (let one = todo.shift(); one; one = todo.shift()) {
      if (!(await isSame(one, aws))) different.add(one)
    }
  }
  await Promise.all(Array.from({ length: aws ? AT_A_TIME : 1 }, work))
  return chosen.filter((one) => different.has(one)).map(({ name }) => name)
}

console.warn = () => {}
console.error = () => {}
// The SDK's reminder of Node 22 is not a warning about this project.
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true'
const aws = values.aws ? await startLocalAws() : undefined
const different = await differentOn(aws)
await aws?.stop()
const result = { cases: chosen.length, same: chosen.length - different.length, different }
if (values.json) console.log(JSON.stringify(result))
else {
  console.log(
    values.case === undefined
      ? tableOf(different)
      : `${values.case}: ${different.length ? 'DIFFERENTLY' : 'the same'}`,
  )
  console.log(`\n${result.same} of ${result.cases} end the same${aws ? ' over the local AWS' : ''}`)
}
if (values.write && values.case === undefined && different.length === 0) await writeFile(DOCS, docsOf())
process.exitCode = different.length > 0 ? 1 : 0

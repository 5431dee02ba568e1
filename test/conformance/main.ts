/**
 * `npm run conformance`: each case in memory and by the protocol, and whether they end the same.
 * `--json`: `{ cases, same, different }`.
 */
import { isDeepStrictEqual, parseArgs } from 'node:util'
import { cases } from './cases.ts'
import { runInMemory, runOnService } from './outcome.ts'

const { values } = parseArgs({ options: { json: { type: 'boolean', default: false } } })
console.warn = () => {}
const different: string[] = []
for (const { name, make, instead } of cases) {
  const expected = { ...(await runInMemory(make())), ...instead }
  const outcomes = [await runOnService(make(), true), await runOnService(make(), false)]
  const same = outcomes.every((outcome) => isDeepStrictEqual(outcome, expected))
  if (!same) different.push(name)
  const how = instead ? 'as the docs say' : 'as in memory'
  if (!values.json) console.log(`${same ? 'same     ' : 'DIFFERENT'}  ${name}${same ? ` (${how})` : ''}`)
}
const result = { cases: cases.length, same: cases.length - different.length, different }
console.log(values.json ? JSON.stringify(result) : `${result.same} of ${result.cases} end the same`)
process.exitCode = different.length > 0 ? 1 : 0

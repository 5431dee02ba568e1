/**
 * `npm run conformance`: each case in memory and by the protocol, and whether they end the same, as the table that
 * docs/conformance.md shows. `--aws`: over the local AWS rather than stores in memory. `--engines elasticmq,moto`: over the
 * local AWS with these emulators, one after the other, in place of its own. `--case NAME`: this one alone. `--write`: writes
 * the table to the docs where all end the same. `--faults`: the fault tests as well.
 * `--json`: `{ cases, same, different }`, with `engine` and for each of them where engines are given.
 */
import { writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { type LocalAws, startLocalAws } from '../../lib/local/index.ts'
import { type EmulatorName, emulatorNames, emulators, startEmulator } from '../emulators/emulators.ts'
import { faultTestsPass } from '../emulators/fault-tests.ts'
import { EmulatorMissing } from '../emulators/install.ts'
import { cases } from './cases.ts'
import { type Difference, differencesOf } from './compare.ts'
import { DOCS, docsOf, tableOf } from './table.ts'

const { values } = parseArgs({
  options: {
    aws: { type: 'boolean', default: false },
    engines: { type: 'string' },
    faults: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    case: { type: 'string' },
  },
})
const chosen = cases.filter(({ name }) => values.case === undefined || name === values.case)
if (chosen.length === 0) throw new Error(`no case '${values.case}'`)

console.warn = () => {}
const error = console.error
console.error = () => {}
// The SDK's reminder of Node 22 is not a warning about this project.
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true'
// What this process started ends with it: see test/deploy/process.ts.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(130))

function fail(message: string): never {
  error(message)
  process.exit(2)
}

function namesOf(text: string): EmulatorName[] {
  const names = text.split(',').map((name) => name.trim())
  const unknown = names.find((name) => !emulatorNames.includes(name as EmulatorName))
  if (unknown !== undefined) fail(`no engine '${unknown}'; there are: ${emulatorNames.join(', ')}`)
  return names as EmulatorName[]
}

interface Result {
  readonly cases: number
  readonly same: number
  readonly different: readonly string[]
}

function tell(differences: readonly Difference[], where: string): Result {
  const different = differences.map(({ name }) => name)
  const result = { cases: chosen.length, same: chosen.length - different.length, different }
  if (values.json) return result
  console.log(
    values.case === undefined
      ? tableOf(different)
      : `${values.case}: ${different.length ? 'DIFFERENTLY' : 'the same'}`,
  )
  for (const { name, how } of differences) console.log(`\n${name}: ${how}`)
  console.log(`\n${result.same} of ${result.cases} end the same${where}`)
  return result
}

async function onLocalAws(options: Parameters<typeof startLocalAws>[0], where: string): Promise<Result> {
  const start = performance.now()
  const aws: LocalAws = await startLocalAws(options)
  try {
    const differences = await differencesOf(chosen, aws)
    return tell(differences, `${where}, in ${Math.round((performance.now() - start) / 1000)} s`)
  } finally {
    await aws.stop()
  }
}

async function onEngine(name: EmulatorName): Promise<Result> {
  const { endpoints, stop } = await startEmulator(name)
  const { title, plays } = emulators[name]
  try {
    const result = await onLocalAws({ endpoints }, ` with ${title} as ${plays.join(', ')}`)
    if (values.faults && !(await faultTestsPass(name, endpoints))) process.exitCode = 1
    return result
  } finally {
    await stop()
  }
}

async function results(): Promise<Result[]> {
  if (values.engines !== undefined) {
    const all: Result[] = []
    for (const name of namesOf(values.engines)) all.push(await onEngine(name))
    return all
  }
  if (values.aws) return [await onLocalAws({}, ' over the local AWS')]
  return [tell(await differencesOf(chosen, undefined), '')]
}

try {
  const all = await results()
  const isSame = all.every(({ different }) => different.length === 0)
  if (values.json) console.log(JSON.stringify(values.engines === undefined ? all[0] : all))
  if (values.write && values.case === undefined && isSame) await writeFile(DOCS, docsOf())
  if (!isSame) process.exitCode = 1
} catch (thrown) {
  if (!(thrown instanceof EmulatorMissing)) throw thrown
  fail(thrown.message)
}

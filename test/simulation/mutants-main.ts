/** `npm run mutants`: what noticed each mutant of the protocol. `--json`: `{ mutants, caught, survived }`. */
import { parseArgs } from 'node:util'
import { messageOf } from '../../lib/core/common/errors.ts'
import { leaseMutants } from './lease-mutants.ts'
import { mutants } from './mutants.ts'
import { noticed } from './noticed.ts'
import { publishMutants } from './publish-mutants.ts'
import { sourceMutants } from './source-mutants.ts'
import { sourceNoticed } from './source-mutation.ts'
import { steeringMutants } from './steering-mutants.ts'
import { weatherMutants } from './weather-mutants.ts'

const { values } = parseArgs({ options: { json: { type: 'boolean', default: false } } })
console.warn = () => {}
console.error = () => {}
const survived: string[] = []

function tell(what: string, by: string | undefined): void {
  if (by === undefined) survived.push(what)
  if (!values.json) console.log(`${by === undefined ? 'SURVIVED' : 'caught'}  ${what}\n          ${by ?? ''}`)
}

for (const mutant of mutants) tell(mutant.what, await noticed(mutant))
const ofSource = [...sourceMutants, ...publishMutants, ...steeringMutants, ...weatherMutants, ...leaseMutants]
for (const mutant of ofSource) {
  try {
    tell(mutant.what, await sourceNoticed(mutant))
  } catch (error) {
    // The code is not what it was when the mutant was written.
    tell(`${mutant.what}: ${messageOf(error)}`, undefined)
  }
}
const count = mutants.length + ofSource.length
const result = { mutants: count, caught: count - survived.length, survived }
console.log(values.json ? JSON.stringify(result) : `${result.caught} of ${result.mutants} caught`)
process.exitCode = survived.length > 0 ? 1 : 0

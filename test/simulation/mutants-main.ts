/** `npm run mutants`: what noticed each mutant of the protocol. `--json`: `{ mutants, caught, survived }`. */
import { parseArgs } from 'node:util'
import { mutants } from './mutants.ts'
import { noticed } from './noticed.ts'

const { values } = parseArgs({ options: { json: { type: 'boolean', default: false } } })
const survived: string[] = []
for (const mutant of mutants) {
  const by = await noticed(mutant)
  if (by === undefined) survived.push(mutant.what)
  if (!values.json)
    console.log(`${by === undefined ? 'SURVIVED' : 'caught'}  ${mutant.what}\n          ${by ?? ''}`)
}
const result = { mutants: mutants.length, caught: mutants.length - survived.length, survived }
console.log(values.json ? JSON.stringify(result) : `${result.caught} of ${result.mutants} caught`)
process.exitCode = survived.length > 0 ? 1 : 0

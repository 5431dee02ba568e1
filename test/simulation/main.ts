/**
 * `npm run simulate -- --runs N --seed S`: runs of all cases under all profiles with consecutive seeds.
 * `--exhaustive`: each request of each case's run in turn meets each fault.
 * `--case NAME`, `--profile NAME`, `--fat` (a header that is always full) or `--lean` leave out all others, and
 * `--at K --fault F` all other faults; each failing run prints the command that gives it again.
 * `--json`: `{ runs, violations, seeds }`.
 * `--weather`: how long the weather of the cloud is felt after it has passed; `--write` writes that into the docs.
 */
import { parseArgs } from 'node:util'
import type { ConformanceCase } from '../conformance/case.ts'
import { cases } from '../conformance/cases.ts'
import { unorderedCases } from '../conformance/cases/unordered-cases.ts'
import { again, type SimulatedRun } from './again.ts'
import { allProfiles } from './all-profiles.ts'
import { strike, strikesOf } from './exhaustive.ts'
import type { Fault } from './faults.ts'
import { CALM } from './profile.ts'
import { simulate, type SimulationResult, subjectOf, unorderedSubjectOf } from './simulate.ts'
import { measuredRows, weatherTable, writeTable } from './weather-table.ts'

const { values } = parseArgs({
  options: {
    runs: { type: 'string' },
    seed: { type: 'string', default: '1' },
    exhaustive: { type: 'boolean', default: false },
    case: { type: 'string' },
    profile: { type: 'string' },
    fat: { type: 'boolean', default: false },
    lean: { type: 'boolean', default: false },
    at: { type: 'string' },
    fault: { type: 'string' },
    json: { type: 'boolean', default: false },
    weather: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
  },
})
console.warn = () => {}
console.error = () => {}

const all = [...cases.filter(({ notSimulated }) => !notSimulated), ...unorderedCases]
const chosen = all.filter(({ name }) => values.case === undefined || name === values.case)
const under = allProfiles.filter(({ name }) => values.profile === undefined || name === values.profile)
if (chosen.length === 0) throw new Error(`no case '${values.case}'`)
if (under.length === 0) throw new Error(`no profile '${values.profile}'`)
const limit = Number(values.runs ?? (values.exhaustive ? Infinity : 2000))
const first = Number(values.seed)
const failures: { command: string; [name: string]: unknown }[] = []
let runs = 0

function note(result: SimulationResult, run: SimulatedRun) {
  runs++
  if (result.violations.length === 0) return
  const { strike: fault, ...which } = run
  failures.push({ ...which, ...fault, violation: result.violations[0], command: again(run) })
  if (!values.json) console.log(failures.at(-1))
}

async function subject(theCase: ConformanceCase, fat: boolean) {
  return unorderedCases.includes(theCase) ? unorderedSubjectOf(theCase, fat) : subjectOf(theCase, fat)
}

async function exhaust(): Promise<void> {
  const profile = (values.profile !== undefined && under[0]) || CALM
  const fat = values.fat
  for (const theCase of chosen) {
    const exhaustion = { ...(await subject(theCase, fat)), profile, seed: first }
    for (const { at, fault } of await strikesOf(exhaustion)) {
      if (runs >= limit) return
      if (values.at !== undefined && Number(values.at) !== at) continue
      if (values.fault !== undefined && (values.fault as Fault) !== fault) continue
      const which = { case: theCase.name, profile: profile.name, seed: first, fat, strike: { at, fault } }
      note(await strike(exhaustion, { at, fault }), which)
    }
  }
}

async function randomly(): Promise<void> {
  for (let seed = first; ; seed++) {
    for (const [index, theCase] of chosen.entries()) {
      for (const profile of under) {
        if (runs >= limit) return
        const alternately = (index + seed + profile.name.length) % 2 === 0
        const fat = values.fat || (!values.lean && alternately)
        const result = await simulate({ ...(await subject(theCase, fat)), profile, seed })
        note(result, { case: theCase.name, profile: profile.name, seed, fat })
      }
    }
  }
}

async function tellWeather(): Promise<never> {
  const rows = await measuredRows()
  const violations = rows.flatMap((row) => row.violations)
  console.log(weatherTable(rows))
  for (const violation of violations) console.log(violation)
  if (values.write && violations.length === 0) await writeTable(rows)
  process.exit(violations.length > 0 ? 1 : 0)
}

if (values.weather) await tellWeather()
if (!values.json) console.log(`seed ${first}`)
await (values.exhaustive ? exhaust() : randomly())
const counted = { runs, violations: failures.length, seeds: failures }
if (values.json) console.log(JSON.stringify(counted))
else {
  console.log(`${runs} runs from seed ${first}, ${failures.length} violations`)
  for (const { command } of failures) console.log(`  again: ${command}`)
}
process.exitCode = failures.length > 0 ? 1 : 0

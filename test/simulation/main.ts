/**
 * `npm run simulate -- --runs N --seed S`: runs of all cases under all profiles with consecutive seeds.
 * `--exhaustive`: each request of each case's run in turn meets each fault.
 * `--case NAME`, `--profile NAME`, `--fat` (a header that is always full) or `--lean` leave out all others, and
 * `--at K --fault F` all other faults; each failing run prints the command that gives it again.
 * `--json`: `{ runs, violations, seeds }`.
 */
import { parseArgs } from 'node:util'
import type { ConformanceCase } from '../conformance/case.ts'
import { unorderedCases } from '../conformance/cases/unordered-cases.ts'
import { cases } from '../conformance/cases.ts'
import { strike, strikesOf } from './exhaustive.ts'
import { CALM, type Fault, profiles } from './profile.ts'
import { simulate, type SimulationResult, subjectOf, unorderedSubjectOf } from './simulate.ts'

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
  },
})
console.warn = () => {}

const all = [...cases.filter(({ notSimulated }) => !notSimulated), ...unorderedCases]
const chosen = all.filter(({ name }) => values.case === undefined || name === values.case)
const under = profiles.filter(({ name }) => values.profile === undefined || name === values.profile)
if (chosen.length === 0) throw new Error(`no case '${values.case}'`)
if (under.length === 0) throw new Error(`no profile '${values.profile}'`)
const limit = Number(values.runs ?? (values.exhaustive ? Infinity : 2000))
const first = Number(values.seed)
const failures: object[] = []
let runs = 0

function note(result: SimulationResult, where: { case: string; seed: number; fat: boolean }, more: object) {
  runs++
  if (result.violations.length === 0) return
  const { seed, fat } = where
  const flags = Object.entries(more).map(([name, value]) => ` --${name}${value === true ? '' : ` ${value}`}`)
  const which = `--case ${JSON.stringify(where.case)} --seed ${seed} --${fat ? 'fat' : 'lean'}${flags.join('')}`
  const command = `npm run simulate -- ${which} --runs 1`
  failures.push({ ...where, ...more, violation: result.violations[0], command })
  if (!values.json) console.log(failures.at(-1))
}

async function subject(theCase: ConformanceCase, fat: boolean) {
  return unorderedCases.includes(theCase) ? unorderedSubjectOf(theCase, fat) : subjectOf(theCase, fat)
}

async function exhaust(): Promise<void> {
  const profile = values.profile === undefined ? CALM : under[0]
  const fat = values.fat
  for (const theCase of chosen) {
    const exhaustion = { ...(await subject(theCase, fat)), profile, seed: first }
    for (const { at, fault } of await strikesOf(exhaustion)) {
      if (runs >= limit) return
      if (values.at !== undefined && Number(values.at) !== at) continue
      if (values.fault !== undefined && (values.fault as Fault) !== fault) continue
      const more = { exhaustive: true, profile: profile?.name, at, fault }
      note(await strike(exhaustion, { at, fault }), { case: theCase.name, seed: first, fat }, more)
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
        note(result, { case: theCase.name, seed, fat }, { profile: profile.name })
      }
    }
  }
}

await (values.exhaustive ? exhaust() : randomly())
const counted = { runs, violations: failures.length, seeds: failures }
console.log(values.json ? JSON.stringify(counted) : `${runs} runs, ${failures.length} violations`)
process.exitCode = failures.length > 0 ? 1 : 0

/**
 * `npm run simulate -- --runs N --seed S [--case NAME] [--profile NAME]`: runs of all cases under all profiles with
 * consecutive seeds. A failing run names the three that give it again. `--json`: `{ runs, violations, seeds }`.
 */
import { parseArgs } from 'node:util'
import { unorderedCases } from '../conformance/cases/unordered-cases.ts'
import { cases } from '../conformance/cases.ts'
import { profiles } from './profile.ts'
import { simulate, subjectOf, unorderedSubjectOf } from './simulate.ts'

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '2000' },
    seed: { type: 'string', default: '1' },
    case: { type: 'string' },
    profile: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
})
console.warn = () => {}
const all = [...cases.filter(({ notSimulated }) => !notSimulated), ...unorderedCases]
const chosen = all.filter(({ name }) => values.case === undefined || name === values.case)
const under = profiles.filter(({ name }) => values.profile === undefined || name === values.profile)
const runs = Number(values.runs)
const failures: {
  case: string
  profile: string
  seed: number
  fat: boolean
  violation: string | undefined
}[] = []
let done = 0
for (let seed = Number(values.seed); done < runs && chosen.length * under.length > 0; seed++) {
  for (const theCase of chosen) {
    for (const profile of under) {
      if (done++ >= runs) break
      // Every other run has a header that is always full.
      const fat = done % 2 === 0
      const made = unorderedCases.includes(theCase)
        ? unorderedSubjectOf(theCase, fat)
        : await subjectOf(theCase, fat)
      const { violations } = await simulate({ ...made, profile, seed })
      if (violations.length === 0) continue
      failures.push({ case: theCase.name, profile: profile.name, seed, fat, violation: violations[0] })
      if (!values.json) console.log(failures.at(-1))
    }
  }
}
const counted = { runs: Math.min(done, runs), violations: failures.length, seeds: failures }
console.log(values.json ? JSON.stringify(counted) : `${counted.runs} runs, ${counted.violations} violations`)
process.exitCode = failures.length > 0 ? 1 : 0

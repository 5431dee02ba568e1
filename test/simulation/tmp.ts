import { caseNamed } from '../conformance/cases.ts'
import { profiles } from './profile.ts'
import { simulate, subjectOf } from './simulate.ts'
console.warn = () => {}
const [name, profile, seed] = process.argv.slice(2) as [string, string, string]
const s = await subjectOf(caseNamed(name))
const r = await simulate({ ...s, profile: profiles.find((p) => p.name === profile)!, seed: Number(seed) })
console.log(r.trace.join('\n'), r.violations)

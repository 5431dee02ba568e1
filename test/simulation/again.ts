/** The command that gives one simulated run again. */
import type { Strike } from './exhaustive.ts'

export interface SimulatedRun {
  /** Name of the case. */
  readonly case: string
  readonly profile: string
  readonly seed: number
  readonly fat: boolean
  /** The only fault. @default - faults at random, by the profile */
  readonly strike?: Strike
}

export function again({ case: name, profile, seed, fat, strike }: SimulatedRun): string {
  const which = `--case ${JSON.stringify(name)} --profile ${JSON.stringify(profile)} --seed ${seed}`
  const fault = strike ? ` --exhaustive --at ${strike.at} --fault ${strike.fault}` : ''
  return `npm run simulate -- ${which} --${fat ? 'fat' : 'lean'}${fault} --runs 1`
}

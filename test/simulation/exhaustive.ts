/** Every fault point of a case's run in turn, with every fault that it can meet; everything else goes well. */
import { type Fault, faultsOf, oneFault } from './faults.ts'
import { CALM, type Profile } from './profile.ts'
import { type Simulation, simulate, type SimulationResult } from './simulate.ts'

/** One fault, at the request with this number. */
export interface Strike {
  readonly at: number
  readonly fault: Fault
}

interface Exhaustion extends Pick<Simulation, 'make' | 'expected' | 'seed'> {
  /** What else the queue does. @default CALM */
  readonly profile?: Profile
}

/** @throws Error where the run goes wrong without any fault */
export async function strikesOf(exhaustion: Exhaustion): Promise<Strike[]> {
  const { points, violations } = await strike(exhaustion, { at: -1, fault: 'none' })
  if (violations.length > 0) throw new Error(`without a fault: ${violations[0]}`)
  return points.flatMap((point, at) => faultsOf(point).map((fault) => ({ at, fault })))
}

export async function strike(
  { profile = CALM, ...simulation }: Exhaustion,
  { at, fault }: Strike,
): Promise<SimulationResult> {
  // A message that comes twice is no reason to execute anything twice.
  const faultsAtMost = fault === 'none' || fault === 'twice' ? 0 : 1
  return simulate({
    ...simulation,
    profile: { ...profile, name: `${profile.name}, one fault`, faultsAtMost },
    plan: oneFault(at, fault),
  })
}

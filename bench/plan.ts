/** Which measurements a call makes. Pure. */
import type { Measurement } from './measure.ts'
import { WORKERS, type Workers } from './rows.ts'
import { SHAPES, shapeOf } from './shapes.ts'
import { makesSense, VARIANTS, variantOf } from './variants.ts'

/** What of the whole takes minutes: each shape but the largest, and each variant on one chain, one fan and one batch. */
const VARIED = ['chain10', 'chain100', 'fan50', 'batch100']
const LEFT_OUT = 'batch10000'
/** Larger ones are not also run with one message at a time. */
const ONE_AT_A_TIME_NODES = 402

export interface Asked {
  readonly shapes?: readonly string[]
  readonly variants?: readonly string[]
  readonly workers?: readonly string[]
  readonly all?: boolean
}

/** @throws Error for a name that nothing has */
export function planOf({ shapes, variants, workers, all = false }: Asked): Measurement[] {
  const known = workers?.map(workersOf) ?? WORKERS
  const isChosen = shapes !== undefined || variants !== undefined
  const plan: Measurement[] = []
  for (const shape of shapes ?? SHAPES) {
    for (const variant of variants ?? VARIANTS) {
      const given = [shapeOf(shape), variantOf(variant)] as const
      const isExplicit = shapes !== undefined && variants !== undefined
      if (!isExplicit && !makesSense(...given)) continue
      for (const one of known) {
        if (isChosen || all || isUsual(shape, variant, one)) plan.push({ shape, variant, workers: one })
      }
    }
  }
  return plan
}

function isUsual(shape: string, variant: string, workers: Workers): boolean {
  if (variant !== 'tiny') return VARIED.includes(shape) && workers === '5x10'
  if (shape === LEFT_OUT) return false
  return workers === '5x10' || shapeOf(shape).nodes <= ONE_AT_A_TIME_NODES
}

function workersOf(name: string): Workers {
  const found = WORKERS.find((known) => known === name)
  if (!found) throw new Error(`no workers '${name}', only ${WORKERS.join(', ')}`)
  return found
}

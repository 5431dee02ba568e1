/** What a worker and whoever starts runs register of a shape with a variant; the same in both processes. */
import type { Setup } from '../test/conformance/case.ts'
import { shapeOf } from './shapes.ts'
import { variantOf } from './variants.ts'

export function registrationOf(shapeId: string, variantId: string): Registered {
  const { blueprint, blueprints = [], registry } = shapeOf(shapeId).make(variantOf(variantId).node)
  const all = [{ ...blueprint, id: `${shapeId}-${variantId}` }, ...blueprints]
  return { blueprints: Object.fromEntries(all.map((one) => [one.id, one])), registry }
}

interface Registered {
  readonly blueprints: Record<string, Setup['blueprint']>
  readonly registry: Setup['registry']
}

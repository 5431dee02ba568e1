/** What the cases of loops are made of. */
import { value } from '../case.ts'

export const controller = (condition: string) => ({ run: 'loop-controller', params: { condition } }) as const

/** A chain that has nothing to do with the loop and outlives it, so that nobody in the loop is the run's last. */
const besideIds = Array.from({ length: 12 }, (_, index) => `x${index}`)
export const beside = Object.fromEntries(besideIds.map((id) => [id, value(id)]))
export const besideEdges = besideIds.slice(1).map((id, index) => `x${index}>${id}`)

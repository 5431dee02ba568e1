/** The engines that play DynamoDB in tests of what is sent to it. */
import { findDynoxide } from '../../lib/local/engine/dynoxide.ts'

/** Whether the binary is there; it is an optional dependency. */
export const hasDynoxide = findDynoxide() !== undefined

export const engines = [
  { name: 'dynoxide', skip: !hasDynoxide },
  { name: 'dynalite', skip: false },
] as const

/** The sweep that comes with the package; a schedule invokes it every minute. */
import { createSweepHandler } from '../lib/index.ts'

export const handler = createSweepHandler()

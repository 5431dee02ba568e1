/** The sweep that this repository's own app deploys; a schedule invokes it every minute. */
import { createSweepHandler } from '../lib/index.ts'

export const handler = createSweepHandler()

/** The StartRun function that comes with the package: it accepts runs of whatever the workers know. */
import { createStartRunHandler } from '../lib/index.ts'

export const handler = createStartRunHandler()

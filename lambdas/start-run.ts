/** The StartRun function that this repository's own app deploys; it knows the flows and so refuses bad starts itself. */
import { flows } from '../examples/dependency-audit/flow.ts'
import { createStartRunHandler } from '../lib/index.ts'

export const handler = createStartRunHandler({ flows })

// A program that starts a local AWS and never stops it; the test kills it.

import { startLocalAws } from '../../lib/local/index.ts'

const local = await startLocalAws()
const file = process.argv[2] ?? ''
const fn = await local.createFunction({ code: { file } })
await fn.invoke(null)
process.send?.('started')

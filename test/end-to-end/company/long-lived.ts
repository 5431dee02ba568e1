/** A long-lived worker of the flows, in a process of its own. */
import { SqsAdapter } from '../../../lib/index.ts'
import { flows } from './flows.ts'

const quiet = { debug() {}, info() {}, warn() {}, error() {} }

process.on('disconnect', () => process.exit())
new SqsAdapter({ flows, concurrency: 10, logger: quiet }).start()

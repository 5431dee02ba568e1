/** Lines of a run's functions, for the console. */
import type { RunClient } from '../../client/run-client.ts'
import type { LogLineView } from '../../console/views.ts'
import { isOfNode, partsOf } from '../logs/log-line.ts'
import { logSourceOf } from '../logs/log-source.ts'
import type { Service } from '../service.ts'

/** The last ones are shown. */
const LINES_AT_MOST = 1_000

export function logsOf(service: Service, client: RunClient) {
  return async (runId: string, nodeId: string | undefined): Promise<readonly LogLineView[]> => {
    const run = await client.get(runId, { context: false })
    const lines = await logSourceOf(service, run).next()
    const wanted = lines.filter(({ line }) => nodeId === undefined || isOfNode(line, nodeId))
    return wanted.slice(-LINES_AT_MOST).map(({ time, line }): LogLineView => {
      const { level, nodeId: node, message, more } = partsOf(line)
      const text = [...(message === undefined ? [] : [message]), ...more].join('  ')
      return {
        at: new Date(time).toISOString(),
        level,
        ...(node === undefined ? {} : { nodeId: node }),
        text,
      }
    })
  }
}

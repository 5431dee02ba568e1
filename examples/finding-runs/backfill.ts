import { RunClient } from 'flowcraft-aws'

/** Takes runs into the lists that were started before the table had its index of runs. */
export async function listOlderRuns(client = new RunClient()): Promise<number> {
  let total = 0
  let cursor: string | undefined
  do {
    const part = await client.backfill({ cursor })
    total += part.added
    cursor = part.cursor
  } while (cursor)
  return total
}

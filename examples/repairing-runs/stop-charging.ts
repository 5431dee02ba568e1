import type { Runs } from 'flowcraft-aws'

type Client = Pick<Runs, 'pauseBlueprint' | 'unpauseBlueprint' | 'pausedBlueprints'>

/** Lets no order start or go on until somebody has mended what charges twice. */
export async function stopCharging(client: Client, by: string): Promise<void> {
  await client.pauseBlueprint('order', { by, reason: 'orders are charged twice' })
}

/** What stands still, since when and why. */
export async function standstill(client: Client): Promise<string[]> {
  const paused = await client.pausedBlueprints()
  return paused.map(
    ({ blueprintId, pausedAt, by = 'somebody', reason = 'no reason given' }) =>
      `${blueprintId}: by ${by}, since ${pausedAt.toISOString()}: ${reason}`,
  )
}

export async function chargeAgain(client: Client): Promise<void> {
  await client.unpauseBlueprint('order')
}

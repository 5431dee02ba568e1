import { createFlow } from 'flowcraft'
import type { AlwaysInput } from 'flowcraft-aws'

interface Farm {
  lease(): Promise<string>
  render(machine: string): Promise<string>
  release(machine: string | undefined): Promise<void>
  tell(text: string): Promise<void>
}

export const rendering = createFlow<Record<string, unknown>, { farm: Farm }>('rendering')
  .node('lease', async ({ dependencies }) => ({ output: await dependencies.farm.lease() }))
  .node('render', async ({ dependencies, input }) => ({
    output: await dependencies.farm.render(input as string),
  }))
  .node(
    'release',
    async ({ dependencies, input }) => {
      const { outputs } = input as AlwaysInput
      await dependencies.farm.release(outputs['lease'] as string | undefined)
      return {}
    },
    { config: { runs: 'always', retry: { maxAttempts: 5, delay: '10s' } } },
  )
  .node(
    'notify',
    async ({ dependencies, input }) => {
      const { status, errors } = input as AlwaysInput
      const why = errors.map(({ nodeId, message }) => `${nodeId}: ${message}`).join(', ')
      await dependencies.farm.tell(status === 'failed' ? `failed: ${why}` : 'done')
      return {}
    },
    { config: { runs: 'always' } },
  )
  .edge('lease', 'render')
  .edge('lease', 'release')
  .edge('render', 'release')
  .edge('render', 'notify')
  .edge('release', 'notify')

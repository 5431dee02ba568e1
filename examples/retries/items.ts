import { createFlow } from 'flowcraft'
import type { Flow } from 'flowcraft-aws'

const resize = createFlow('resize').batch(
  'sizes',
  async ({ input }) => ({ output: `${input as string}.webp` }),
  { inputKey: 'images', outputKey: 'resized' },
)

/** `batch` of the builder takes no config, so the node that it makes gets it here. */
export const resizing: Flow = {
  getFunctionRegistry: () => resize.getFunctionRegistry(),
  toBlueprint: () => {
    const blueprint = resize.toBlueprint()
    const scatter = blueprint.nodes.find(({ id }) => id === 'sizes_scatter')
    if (scatter) scatter.config = { retry: { maxAttempts: 3, delay: '1s' } }
    return blueprint
  },
}

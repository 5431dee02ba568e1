import { createFlow } from 'flowcraft'
import type { Flow } from 'flowcraft-aws'

const score = createFlow('score').batch(
  'words',
  async ({ input }) => ({ output: (input as string).length }),
  { inputKey: 'list', outputKey: 'scores' },
)

/** `batch` of the builder knows nothing of it, so the node that it makes gets it here. */
export const scoring: Flow = {
  getFunctionRegistry: () => score.getFunctionRegistry(),
  toBlueprint: () => {
    const blueprint = score.toBlueprint()
    const scatter = blueprint.nodes.find(({ id }) => id === 'words_scatter')
    if (scatter) scatter.params = { ...scatter.params, itemsPerMessage: 10 }
    return blueprint
  },
}

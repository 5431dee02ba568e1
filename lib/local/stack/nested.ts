// Stacks in stacks: their templates are assets of the assembly, their outputs are attributes.

import { localError } from '../errors.ts'
import type { Kind } from './kind.ts'
import { refuses } from './kind.ts'

export const nestedStack: Kind = {
  problems: refuses(['TemplateBody']),
  async make(making) {
    const given = ((await making.property('Parameters')) ?? {}) as Record<string, unknown>
    const parameters = Object.fromEntries(
      Object.entries(given).map(([name, value]) => [
        name,
        Array.isArray(value) ? value.join(',') : String(value),
      ]),
    )
    const url = await making.property('TemplateURL')
    const file = templateOf(making.assets, url)
    if (file === undefined) throw localError(NO_TEMPLATE)
    const { ref, outputs } = await making.nest(file, parameters)
    const attributes = Object.entries(outputs).map(([name, value]) => [`Outputs.${name}`, value])
    return { ref, attributes: Object.fromEntries(attributes) as Record<string, string> }
  },
}

/** What a nested stack must have. */
export const NO_TEMPLATE = 'has a TemplateURL that is no asset of the assembly, as that of a NestedStack is'

/** The file of a nested stack's template; the URL may have intrinsic functions in it, the key is a text. */
export function templateOf(assets: ReadonlyMap<string, string>, url: unknown): string | undefined {
  const text = JSON.stringify(url ?? '')
  return [...assets].find(([key]) => text.includes(`/${key}"`))?.[1]
}

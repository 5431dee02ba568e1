import { FlowRuntime } from 'flowcraft'
import { extendRuntime } from 'flowcraft-aws'
import { order } from './flows.js'

export async function reserveInMemory(reserve: () => Promise<string>): Promise<unknown> {
  const registry = Object.fromEntries(order.getFunctionRegistry())
  const runtime = extendRuntime(new FlowRuntime({ registry, dependencies: { shop: { reserve } } }))
  const { context } = await runtime.run(order.toBlueprint())
  return context['reserve']
}

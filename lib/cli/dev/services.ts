/** The services of the stacks that run here, as their functions were told of them. */
import { environmentVariables } from '../../core/common/environment.ts'
import type { LocalFunction, LocalStack } from '../../local/index.ts'
import type { DevService } from '../dev-server.ts'

export function servicesOf(stacks: Readonly<Record<string, LocalStack>>): DevService[] {
  return Object.values(stacks).flatMap(servicesOfStack)
}

function servicesOfStack(stack: LocalStack): DevService[] {
  const services = new Map<string, { environment: Record<string, string>; functions: string[] }>()
  for (const fn of functionsOf(stack)) {
    const environment = ofService(fn)
    const table = environment[environmentVariables.tableName]
    if (table === undefined) continue
    const name = environment[environmentVariables.serviceName] ?? table
    const { environment: others, functions } = services.get(name) ?? { environment: {}, functions: [] }
    services.set(name, { environment: { ...environment, ...others }, functions: [...functions, fn.name] })
  }
  return [...services].map(([name, service]) => ({ stack: stack.stackName, name, ...service }))
}

function functionsOf(stack: LocalStack): LocalFunction[] {
  return Object.entries(stack.resources).flatMap(([id, { type }]) =>
    type === 'AWS::Lambda::Function' ? [stack.function(id)] : [],
  )
}

/** A pool's worker has the pool's name, which is no client's. */
function ofService({ environment }: LocalFunction): Record<string, string> {
  const known = new Set<string>(Object.values(environmentVariables))
  known.delete(environmentVariables.pool)
  return Object.fromEntries(Object.entries(environment).filter(([name]) => known.has(name)))
}

// Deploys stacks of a cloud assembly, each after those that it needs.

import type { LocalConnection } from '../connection.ts'
import { localError } from '../errors.ts'
import type { LocalFunction } from '../lambda/types.ts'
import { chooseStack, inOrder, readApp, readStack } from './assembly.ts'
import type { AppStack } from './assembly.ts'
import { connectionOf } from './connection.ts'
import { Deployment } from './deployment.ts'
import type { StackHost } from './kind.ts'
import { checkResources } from './kinds.ts'
import type { DeployOptions, LocalResource, LocalStack } from './types.ts'

/** Deploys a stack of a cloud assembly, and before it those that it needs and that do not run here yet. */
export async function deployStack(host: StackHost, options: DeployOptions): Promise<LocalStack> {
  const wanted = chooseStack(await readApp(options.assembly), options.stackName)
  for (const stack of inOrder(wanted.needs)) {
    if (!host.deployed.find(stack)) await deployOne(host, stack, options)
  }
  return deployOne(host, wanted, options)
}

/** Deploys all stacks of a cloud assembly, each after those that it needs. */
export async function deployAll(
  host: StackHost,
  options: Omit<DeployOptions, 'stackName'>,
): Promise<Record<string, LocalStack>> {
  const all = await readApp(options.assembly)
  for (const { stackName } of all) {
    const named = all.filter((other) => other.stackName === stackName)
    if (named.length === 1) continue
    const paths = named.map(({ path }) => path).join(', ')
    throw localError(
      `${named.length} stacks are called ${stackName} (${paths}): deploy each by its path, to a local AWS of its own`,
    )
  }
  const stacks: Record<string, LocalStack> = {}
  for (const stack of all) stacks[stack.stackName] = await deployOne(host, stack, options)
  return stacks
}

async function deployOne(host: StackHost, stack: AppStack, options: DeployOptions): Promise<LocalStack> {
  const assembly = await readStack(stack)
  await checkResources(assembly, options.ignore ?? [])
  const before = options.update ? host.deployed.deploymentOf(assembly.stackName) : undefined
  const deployment = new Deployment(
    host,
    assembly,
    options,
    before instanceof Deployment ? before : undefined,
  )
  await deployment.makeAll()
  const made = stackOf(host, assembly.stackName, deployment.resources, await deployment.outputs())
  host.deployed.add(stack, made, await deployment.exports(made.outputs), deployment)
  return made
}

function stackOf(
  { aws, findFunction }: StackHost,
  stackName: string,
  resources: Readonly<Record<string, LocalResource>>,
  outputs: Readonly<Record<string, string>>,
): LocalStack {
  const functionIds = Object.keys(resources).filter((id) => resources[id]?.type === 'AWS::Lambda::Function')
  return {
    stackName,
    outputs,
    resources,
    connection(functionName): LocalConnection {
      const all = functionIds.flatMap((id) => findFunction(resources[id]?.ref ?? '') ?? [])
      const functions = functionName === undefined ? all : [this.function(functionName)]
      return connectionOf(stackName, aws.clients, functions)
    },
    function(name): LocalFunction {
      const fn = findFunction(resources[name]?.ref ?? outputs[name] ?? name)
      if (fn) return fn
      throw localError(
        `stack ${stackName} has no function ${name}; it has ${functionIds.join(', ') || 'none'}, by logical id`,
      )
    },
    output(name): string {
      const value = outputs[name]
      if (value !== undefined) return value
      const all = Object.keys(outputs).join(', ') || 'none'
      throw localError(`stack ${stackName} has no output ${name}; it has ${all}`)
    },
  }
}

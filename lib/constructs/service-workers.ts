/** The workers of a service, functions and containers alike: their roles, their network and their variables. */
import { Connections, type IConnectable } from 'aws-cdk-lib/aws-ec2'
import type { IGrantable } from 'aws-cdk-lib/aws-iam'
import type { IFunction } from 'aws-cdk-lib/aws-lambda'
import type { Construct } from 'constructs'
import type { ContainerWorker } from './container-worker.ts'
import { throwProblems } from './problems.ts'
import { reservedNameProblems } from './user-environment.ts'
import type { WorkerFunction } from './worker-function.ts'
import type { WorkerPool } from './worker-pool.ts'

export interface AnyWorker {
  readonly path: string
  readonly grantee: IGrantable
  /** Undefined outside a VPC. */
  readonly network?: IConnectable
  /** Undefined for an imported function. */
  addEnvironment?(name: string, value: string): void
}

export function workersOf(
  worker: WorkerFunction,
  pools: Readonly<Record<string, WorkerPool>>,
): readonly AnyWorker[] {
  const ofPools = Object.values(pools).flatMap((pool) => {
    if (pool.worker) return asWorker(pool.worker.function)
    return pool.containers ? asContainers(pool.containers) : []
  })
  return [asWorker(worker.function), ...ofPools]
}

export function asWorker(fn: IFunction): AnyWorker {
  const network = fn.isBoundToVpc ? { network: fn } : {}
  // By its method, not its class: an app may have the CDK twice.
  const { addEnvironment } = fn as { addEnvironment?: AnyWorker['addEnvironment'] }
  return {
    path: fn.node.path,
    grantee: fn,
    ...network,
    ...(addEnvironment && { addEnvironment: addEnvironment.bind(fn) }),
  }
}

function asContainers({ node, service, taskDefinition }: ContainerWorker): AnyWorker {
  return {
    path: node.path,
    grantee: taskDefinition.taskRole,
    network: service,
    addEnvironment: (name, value) => taskDefinition.defaultContainer?.addEnvironment(name, value),
  }
}

/** @throws Error where no worker is in a VPC */
export function connectionsOf(scope: Construct, workers: readonly AnyWorker[]): Connections {
  const groups = workers.flatMap(({ network }) => network?.connections.securityGroups ?? [])
  if (groups.length === 0) {
    throwProblems(scope, ['connections need workers in a VPC: give vpc, got none'])
  }
  return new Connections({ securityGroups: groups })
}

/** @throws Error for a variable that the constructs set, and where a worker is an imported function */
export function addEnvironmentTo(
  scope: Construct,
  workers: readonly AnyWorker[],
  name: string,
  value: string,
): void {
  const imported = workers.filter(({ addEnvironment }) => !addEnvironment).map(({ path }) => path)
  throwProblems(scope, [
    ...reservedNameProblems({ [name]: value }),
    ...imported.map((path) => `the environment of an imported function cannot be set: ${path}`),
  ])
  for (const { addEnvironment } of workers) addEnvironment?.(name, value)
}

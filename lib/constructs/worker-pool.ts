/** The pools of a service: first all queues, since every worker sends to each of them, then the workers. */
import { Construct } from 'constructs'
import { ContainerWorker } from './container-worker.ts'
import { DEFAULT_TIMEOUT } from './function-options.ts'
import { type FunctionOverrides, mergedOverrides, sharedOverrides } from './function-overrides.ts'
import { JobQueue } from './job-queue.ts'
import type { PoolOptions } from './pool-options.ts'
import type { SafeDeployment } from './safe-deployment.ts'
import type { PoolRoute, ServiceParts } from './service-parts.ts'
import type { FlowcraftServiceProps } from './service-props.ts'
import { WorkerFunction } from './worker-function.ts'
import type { WorkerLinks } from './worker-links.ts'

/** A pool as it was made: with functions, or with containers. */
export interface WorkerPool extends PoolRoute {
  readonly worker?: WorkerFunction
  readonly containers?: ContainerWorker
}

interface PoolQueue extends PoolRoute {
  readonly scope: Construct
  readonly options: PoolOptions
}

/** The pools share the dead-letter queue of the default one. */
export function createPoolQueues(
  service: Construct,
  { pools = {}, maxReceiveCount, encryptionKey }: FlowcraftServiceProps,
  { deadLetterQueue }: JobQueue,
): Record<string, PoolQueue> {
  const all = new Construct(service, 'Pools')
  const made = Object.entries(pools).map(([name, options]): [string, PoolQueue] => {
    const scope = new Construct(all, name)
    const { queueName, visibilityTimeout, timeout = DEFAULT_TIMEOUT, nodes } = options
    const { maxBatchingWindow } = options
    const jobs = new JobQueue(scope, 'Jobs', {
      existingDeadLetterQueue: deadLetterQueue,
      queueName,
      functionTimeout: timeout,
      maxBatchingWindow,
      visibilityTimeout,
      maxReceiveCount,
      encryptionKey,
    })
    return [name, { scope, options, jobs, nodes }]
  })
  return Object.fromEntries(made)
}

export function addPoolWorkers(
  queues: Readonly<Record<string, PoolQueue>>,
  service: FlowcraftServiceProps,
  parts: ServiceParts & WorkerLinks & { readonly pools: Readonly<Record<string, PoolRoute>> },
): Record<string, WorkerPool> {
  const made = Object.entries(queues).map(([pool, { scope, options, jobs, nodes }]): [string, WorkerPool] => {
    const { image, environment = service.environment, architecture = service.architecture } = options
    const { leases = service.leases } = options
    const functionProps = poolOverrides(service.workerProps, options)
    const common = { ...service, ...parts, environment, architecture, leases, pool, functionProps }
    if (image) {
      const network = options.vpc || options.cluster ? { vpc: options.vpc, ...NO_SUBNETS } : {}
      const containers = new ContainerWorker(scope, 'Worker', {
        ...common,
        ...containerOf(options),
        image,
        ...network,
      })
      return [pool, { jobs, nodes, containers }]
    }
    return [
      pool,
      { jobs, nodes, worker: new WorkerFunction(scope, 'Worker', { ...common, ...functionOf(options) }) },
    ]
  })
  return Object.fromEntries(made)
}

export function deploymentsOf(
  { deployment }: WorkerFunction,
  pools: Readonly<Record<string, WorkerPool>>,
): SafeDeployment[] {
  const ofPools = Object.values(pools).map(({ worker }) => worker?.deployment)
  return [deployment, ...ofPools].filter((made) => made !== undefined)
}

/** The pool's own architecture, given beside the props of the service's workers, is the pool's. */
function poolOverrides(shared: FunctionOverrides | undefined, options: PoolOptions): FunctionOverrides {
  const { architecture, ...others } = sharedOverrides(shared)
  const own = options.architecture ?? architecture
  return mergedOverrides(own ? { ...others, architecture: own } : others, options.workerProps)
}

/** Subnets and groups of the service's network are not another's. */
const NO_SUBNETS = { vpcSubnets: undefined, securityGroups: undefined }

/** All of them, also the absent ones, which must not be the service's. */
function functionOf(options: PoolOptions) {
  const { memorySize, timeout, batchSize, maxBatchingWindow, maxConcurrency } = options
  const { provisionedPollers, reservedConcurrency, mappingMetrics } = options
  return {
    memorySize,
    timeout,
    batchSize,
    maxBatchingWindow,
    maxConcurrency,
    provisionedPollers,
    reservedConcurrency,
    mappingMetrics,
  }
}

function containerOf(options: PoolOptions) {
  const { cpu, memoryLimitMiB, desiredCount, minCapacity, maxCapacity, cluster, assignPublicIp } = options
  return { cpu, memoryLimitMiB, desiredCount, minCapacity, maxCapacity, cluster, assignPublicIp }
}

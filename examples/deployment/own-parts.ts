import { Duration } from 'aws-cdk-lib'
import type { ITable } from 'aws-cdk-lib/aws-dynamodb'
import type { Construct } from 'constructs'
import {
  JobQueue,
  StartRunFunction,
  StateTable,
  SweepFunction,
  ValueBucket,
  WorkerFunction,
} from 'flowcraft-aws/constructs'

/** What a service is made of, put together by hand. */
export function smallService(scope: Construct, entry: string, existingTable: ITable): StartRunFunction {
  const timeout = Duration.minutes(5)
  const parts = {
    state: new StateTable(scope, 'State', { existingTable }),
    jobs: new JobQueue(scope, 'Jobs', { functionTimeout: timeout }),
    values: new ValueBucket(scope, 'Values'),
  }
  new WorkerFunction(scope, 'Worker', { ...parts, entry, timeout, maxConcurrency: 20 })
  new SweepFunction(scope, 'Sweep', parts)
  return new StartRunFunction(scope, 'StartRun', parts)
}

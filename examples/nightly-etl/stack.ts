import { fileURLToPath } from 'node:url'
import { CfnOutput, Stack, type StackProps, TimeZone } from 'aws-cdk-lib'
import { ContextAttribute, ScheduleExpression } from 'aws-cdk-lib/aws-scheduler'
import type { Construct } from 'constructs'
import { FlowcraftService } from 'flowcraft-aws/constructs'

export class EtlStack extends Stack {
  constructor(scope: Construct, id: string, props?: StackProps) {
    super(scope, id, props)
    const flows = new FlowcraftService(this, 'Flows', {
      entry: fileURLToPath(new URL('worker.ts', import.meta.url)),
      startRunHandler: 'startRun',
      // What the shops' database bears.
      maxConcurrency: 5,
    })

    flows.schedule('Nightly', {
      schedule: ScheduleExpression.cron({ hour: '3', minute: '0' }),
      timeZone: TimeZone.EUROPE_BERLIN,
      blueprintId: 'nightly-etl',
      input: { at: ContextAttribute.scheduledTime },
      labels: { by: 'schedule' },
    })

    new CfnOutput(this, 'StartRun', { value: flows.startRun.function.functionName })
  }
}

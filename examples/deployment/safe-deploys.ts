import { Duration } from 'aws-cdk-lib'
import { Alarm, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch'
import { LambdaDeploymentConfig } from 'aws-cdk-lib/aws-codedeploy'
import type { Construct } from 'constructs'
import { FlowcraftService } from 'flowcraft-aws/constructs'

export function carefulService(scope: Construct, entry: string): FlowcraftService {
  const flows = new FlowcraftService(scope, 'Careful', {
    entry,
    deployment: { config: LambdaDeploymentConfig.CANARY_10PERCENT_15MINUTES },
  })
  // A failed node is no error of the function: which number of failed runs is too high, you know.
  const failures = new Alarm(scope, 'RunsFail', {
    metric: flows.metricRunsFailed({ period: Duration.minutes(1) }),
    threshold: 5,
    evaluationPeriods: 1,
    treatMissingData: TreatMissingData.NOT_BREACHING,
  })
  for (const deployment of flows.deployments) deployment.addAlarm(failures)
  return flows
}

/** How long a configuration of CodeDeploy takes until all messages go to the new version. */
import { Duration } from 'aws-cdk-lib'
import { CfnDeploymentConfig, type ILambdaDeploymentConfig } from 'aws-cdk-lib/aws-codedeploy'
import { Construct } from 'constructs'

/** `CodeDeployDefault.LambdaCanary10Percent5Minutes`, `CodeDeployDefault.LambdaLinear10PercentEvery1Minute`. */
const DEFAULT_CONFIG =
  /^CodeDeployDefault\.Lambda(?:AllAtOnce|(Canary|Linear)(\d+)Percent(?:Every)?(\d+)Minutes?)$/

/** Undefined where neither the name nor the construct tells. */
export function shiftDurationOf(config: ILambdaDeploymentConfig): Duration | undefined {
  if (Construct.isConstruct(config) && config.node.defaultChild instanceof CfnDeploymentConfig) {
    return ofRouting(config.node.defaultChild)
  }
  const found = DEFAULT_CONFIG.exec(config.deploymentConfigName)
  if (!found) return undefined
  const [, kind, percent, minutes] = found
  return kind === 'Linear' ? linear(Number(percent), Number(minutes)) : Duration.minutes(Number(minutes ?? 0))
}

function ofRouting({ trafficRoutingConfig: routing }: CfnDeploymentConfig): Duration | undefined {
  if (!routing || !('type' in routing)) return undefined
  const { timeBasedCanary: canary, timeBasedLinear: steps } = routing
  if (canary) return 'canaryInterval' in canary ? Duration.minutes(canary.canaryInterval) : undefined
  if (steps) {
    return 'linearInterval' in steps ? linear(steps.linearPercentage, steps.linearInterval) : undefined
  }
  return Duration.minutes(0)
}

/** The first step is taken at once. */
function linear(percent: number, minutes: number): Duration {
  return Duration.minutes((Math.ceil(100 / percent) - 1) * minutes)
}

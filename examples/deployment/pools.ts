import { Duration } from 'aws-cdk-lib'
import type { IVpc } from 'aws-cdk-lib/aws-ec2'
import { ContainerImage } from 'aws-cdk-lib/aws-ecs'
import type { Construct } from 'constructs'
import { FlowcraftService } from 'flowcraft-aws/constructs'

export function videoService(scope: Construct, entry: string, vpc: IVpc): FlowcraftService {
  return new FlowcraftService(scope, 'Video', {
    entry,
    pools: {
      // Functions with the same code, more memory and more time.
      heavy: { nodes: ['transcode', 'video:render'], memorySize: 3_008, timeout: Duration.minutes(10) },
      // Containers that poll, for what takes longer than 15 minutes: none while there is nothing to do.
      long: { nodes: ['train'], image: ContainerImage.fromRegistry('example/trainer'), vpc, maxCapacity: 5 },
    },
  })
}

/** A service with all that there is. */
import { RemovalPolicy, type Stack } from 'aws-cdk-lib'
import { Vpc } from 'aws-cdk-lib/aws-ec2'
import { Repository } from 'aws-cdk-lib/aws-ecr'
import { ContainerImage } from 'aws-cdk-lib/aws-ecs'
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { Key } from 'aws-cdk-lib/aws-kms'
import { Topic } from 'aws-cdk-lib/aws-sns'
import type { FlowcraftServiceProps } from '../../lib/constructs/index.ts'
import { entry } from './support.ts'

/** All that adds resources. */
export function everything(stack: Stack): FlowcraftServiceProps {
  const repository = Repository.fromRepositoryName(stack, 'Trainers', 'trainers')
  return {
    entry,
    startRunHandler: 'startRun',
    webhook: {},
    tracing: true,
    workerProps: { role: fullRole(stack) },
    deployment: {},
    alarms: { topic: Topic.fromTopicArn(stack, 'People', 'arn:aws:sns:eu-central-1:111122223333:people') },
    removalPolicy: RemovalPolicy.DESTROY,
    valueBucket: { autoDeleteObjects: true, versioned: true },
    vpc: Vpc.fromVpcAttributes(stack, 'Vpc', {
      vpcId: 'vpc-0a1b2c3d4e5f60718',
      availabilityZones: ['eu-central-1a'],
      privateSubnetIds: ['subnet-0a1b2c3d4e5f60718'],
    }),
    encryptionKey: new Key(stack, 'Key', { enableKeyRotation: true }),
    pools: {
      heavy: { nodes: ['transcode'] },
      long: { nodes: ['train'], image: ContainerImage.fromEcrRepository(repository), maxCapacity: 2 },
    },
  }
}

/** Its inline policies are full: the CDK moves what comes next to other policies, when it synthesises. */
function fullRole(stack: Stack): Role {
  const role = new Role(stack, 'Full', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') })
  for (let n = 0; n < 100; n++) {
    const topic = `arn:aws:sns:eu-central-1:111122223333:a-topic-of-a-long-name-${n}`
    role.addToPolicy(new PolicyStatement({ actions: ['sns:Publish'], resources: [topic], sid: `Topic${n}` }))
  }
  return role
}

import { App } from 'aws-cdk-lib'
import { OrderStack } from './stack.js'

new OrderStack(new App(), 'OrderApproval')

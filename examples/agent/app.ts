import { App } from 'aws-cdk-lib'
import { AgentStack } from './stack.js'

new AgentStack(new App(), 'Agent')

import { App } from 'aws-cdk-lib'
import { DocumentStack } from './stack.js'

new DocumentStack(new App(), 'Documents')

import { App } from 'aws-cdk-lib'
import { TripStack } from './stack.js'

new TripStack(new App(), 'Trips')

import { App } from 'aws-cdk-lib'
import { EtlStack } from './stack.js'

new EtlStack(new App(), 'NightlyEtl')

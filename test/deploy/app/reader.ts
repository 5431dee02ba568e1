/** A function of somebody who looks for runs. It has the permissions and the environment of `grantReadRuns`. */
import { RunClient } from 'flowcraft-aws'
import { operate, type Operation } from './operations.ts'

const client = new RunClient()

export const handler = (operation: Operation): Promise<unknown> => operate(client, operation)

/** A function of somebody who operates the service. It has the permissions and the environment of `grantManageRuns`. */
import { RunClient } from 'flowcraft-aws'
import { operate, type Operation } from './operations.ts'

const client = new RunClient()

export const handler = (operation: Operation): Promise<unknown> => operate(client, operation)

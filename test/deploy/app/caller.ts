/** A function of somebody who uses the service. It has the permission and the environment of `grantStartRun`, no more. */
import { type StartRunRequest, type StartRunResult, StartRunInvoker } from 'flowcraft-aws'

const runs = new StartRunInvoker()

export const handler = (request: StartRunRequest): Promise<StartRunResult> => runs.start(request)

/** The command that looks whether a service is healthy, and a project whole. */
import type { Command } from 'commander'
import pMap from 'p-map'
import type { Cli, GlobalOptions } from '../context.ts'
import { type Check, checkRow, fail, looked, type Probe } from '../doctor/check.ts'
import { projectFolderOf, projectProbes } from '../doctor/project.ts'
import { serviceProbes } from '../doctor/service.ts'
import { exitCodes, NoServiceError, sentenceOf } from '../exit-codes.ts'
import { colorsOf } from '../io.ts'
import { table } from '../render.ts'
import { isLocal, placeOf, type Service } from '../service.ts'

export function addDoctorCommand(program: Command, cli: Cli, exit: (code: number) => void): void {
  program
    .command('doctor')
    .description('look whether the service is healthy, and the project here has all its parts')
    .action(async (_options: object, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>()
      const { io } = cli
      const colors = colorsOf(io)
      const checks = [...(await ofProject(io.cwd)), ...(await ofService(cli, options))]
      if (options.json) io.out(JSON.stringify(checks))
      else for (const line of table(checks.map((check) => checkRow(colors, check)))) io.out(line)
      if (checks.some(({ state }) => state === 'fail')) exit(exitCodes.failed)
    })
}

/** First: a dev server's credentials would be taken for one's own. */
async function ofProject(cwd: string): Promise<Check[]> {
  const folder = projectFolderOf(cwd)
  return folder === undefined ? [] : all(projectProbes(folder))
}

async function ofService(cli: Cli, options: GlobalOptions): Promise<readonly Check[]> {
  const { io } = cli
  let service: Service
  try {
    ;({ service } = await cli.connect(options))
  } catch (error) {
    // Without one a project can be looked at, and nothing else.
    if (error instanceof NoServiceError && projectFolderOf(io.cwd) !== undefined) return []
    if (error instanceof NoServiceError) throw error
    return [fail('service', sentenceOf(error), 'name another one, or sign in to where it is')]
  }
  if (!options.json) io.err(colorsOf(io).dim(placeOf(service, io.env)))
  return all(serviceProbes(service, io.now(), !isLocal(service, io.env)))
}

async function all(probes: readonly Probe[]): Promise<Check[]> {
  return (await pMap(probes, looked, { concurrency: 8 })).flat()
}

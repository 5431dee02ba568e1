/**
 * `npm run test:deploy`: deploys the app in bin/ by the CDK CLI, uses it, deploys it again, destroys it, and looks at
 * what is left. On an emulator that it starts and ends; with DEPLOY_TARGET=aws in the account of whoever runs it.
 */
import { parseArgs } from 'node:util'
import pc from 'picocolors'
import { tryGrants } from './grants.ts'
import { planText } from './plan.ts'
import { planned, scenario } from './scenario.ts'
import { seconds, StepFailure, Steps } from './steps.ts'
import { openTarget, plannedTarget } from './target.ts'

const { values: options } = parseArgs({
  options: {
    'without-grants': { type: 'boolean', default: false },
    'dry-run': { type: 'boolean', default: false },
    only: { type: 'string', multiple: true },
  },
})

// What this process started ends with it, and its folders go: see process.ts.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(130))

if (options['dry-run']) {
  console.log(planText(await planned(plannedTarget())))
  process.exit(0)
}

const start = performance.now()
const steps = new Steps()
const target = await openTarget()
try {
  const where = target.isEmulator
    ? 'ministack, with IAM enforced, over TLS'
    : `AWS, ${target.clientConfig.region}, stacks ${target.stackName}, -dev, -prod, -versions, and that of a new project`
  console.log(`flowcraft-aws deployment test, on ${where}`)
  await (options['without-grants'] ? tryGrants(target, steps, options) : scenario(target, steps))
  console.log(pc.green(`${steps.done.length} steps passed in${seconds(performance.now() - start)}`))
} catch (error) {
  if (!(error instanceof StepFailure)) throw error
  console.error(pc.red(`\nfailed: ${error.message}`))
  process.exitCode = 1
} finally {
  await target.stop()
}

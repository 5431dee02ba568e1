/** docs/compliance.md says what cdk-nag's packs find in a service, and what ends it. */
import { readFile } from 'node:fs/promises'
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions'
import { Topic } from 'aws-cdk-lib/aws-sns'
import * as nag2 from 'cdk-nag-2'
import { describe, expect, it } from 'vitest'
import { strictService } from '../../examples/deployment/strict-service.ts'
import { FlowcraftService } from '../../lib/constructs/index.ts'
import { company, DOCS, docsOf, findingsOf, reasons, serviceWith, stackOf } from './compliance.ts'
import { everything } from './everything.ts'
import { Findings2, nag3 } from './nag.ts'
import { entry } from './support.ts'

describe('what the packs find', () => {
  it('is the table of docs/compliance.md, as `npm run compliance -- --write` writes it', async () => {
    const page = await readFile(DOCS, 'utf8')
    expect(page).toBe(docsOf(page))
    expect([...findingsOf(serviceWith()).keys()].toSorted()).toEqual(Object.keys(reasons).toSorted())
  })

  it('is the same by cdk-nag 2', () => {
    const { ServerlessChecks, HIPAASecurityChecks, NIST80053R5Checks, PCIDSS321Checks } = nag2
    const packs = [ServerlessChecks, HIPAASecurityChecks, NIST80053R5Checks, PCIDSS321Checks]
    const stack = serviceWith()
    const found = packs.flatMap((Pack) => new Findings2(Pack).visit(stack))
    const rules = new Set(found.map((line) => line.replace(/^.*-/, '')))
    expect([...rules].toSorted()).toEqual(Object.keys(reasons).toSorted())
  })

  it.each(Object.entries(reasons).filter(([, { props }]) => props))(
    '%s ends with its prop',
    (rule, { props }) => {
      expect([...findingsOf(serviceWith(props)).keys()]).not.toContain(rule)
    },
  )

  it('is each alarm where one composite alarm has the actions', () => {
    const stack = serviceWith((stack) => ({ alarms: { topic: company(stack).people, composite: true } }))
    expect(findingsOf(stack).get('CloudWatchAlarmAction')?.parts).toEqual(['Alarms'])
  })

  it('is nothing but what stays with all those props, and AwsSolutions finds nothing', () => {
    const stack = stackOf((stack) => strictService(stack, entry, company(stack)))
    const rulesThatStay = Object.keys(reasons).filter((rule) => !reasons[rule]?.props)
    // Only of a bucket that one makes oneself.
    rulesThatStay.push('S3BucketReplicationEnabled')
    expect([...findingsOf(stack).keys()].toSorted()).toEqual(rulesThatStay.toSorted())
    expect(nag3(stack)).toEqual([])
  })

  it('is nothing else in a service with pools, containers and safe deploys', () => {
    const stack = stackOf((stack) => {
      const flows = new FlowcraftService(stack, 'Flows', everything(stack))
      // The alarms of safe deploys have no action.
      const action = new SnsAction(Topic.fromTopicArn(stack, 'T', 'arn:aws:sns:eu-central-1:111122223333:t'))
      for (const { errors } of flows.deployments) errors.addAlarmAction(action)
    })
    const known = Object.keys(reasons)
    const found = [...findingsOf(stack).keys()]
    expect(found.filter((rule) => !known.includes(rule))).toEqual([])
    expect(found).not.toContain('CloudWatchAlarmAction')
  })
})

import { describe, expect, it } from 'vitest'
import { planOf, planText } from './plan.ts'
import type { Template } from './templates.ts'

const template: Template = {
  Resources: {
    Table: { Type: 'AWS::DynamoDB::GlobalTable', DeletionPolicy: 'Retain' },
    Queue: { Type: 'AWS::SQS::Queue', DeletionPolicy: 'Delete' },
    Errors: { Type: 'AWS::CloudWatch::Alarm', Properties: { MetricName: 'Errors' } },
    Sum: {
      Type: 'AWS::CloudWatch::Alarm',
      Properties: { Metrics: [{ Expression: 'a + b' }, { MetricStat: {} }, { MetricStat: {} }] },
    },
    Board: { Type: 'AWS::CloudWatch::Dashboard' },
  },
}

describe('the plan of a deployment test', () => {
  it('counts resources of all stacks by type, and names what is kept', () => {
    const { counts, kept } = planOf([
      { stackName: 'One', template },
      { stackName: 'Two', template },
    ])
    expect(counts).toEqual({
      'AWS::DynamoDB::GlobalTable': 2,
      'AWS::SQS::Queue': 2,
      'AWS::CloudWatch::Alarm': 4,
      'AWS::CloudWatch::Dashboard': 2,
    })
    expect(kept).toEqual(['One AWS::DynamoDB::GlobalTable Table', 'Two AWS::DynamoDB::GlobalTable Table'])
  })

  it('prices an alarm by the metrics that it looks at, and a dashboard, by the hour', () => {
    const { usd } = planOf([{ stackName: 'One', template }])
    expect(usd.alarms * 730).toBeCloseTo(0.3, 9)
    expect(usd.dashboards * 730).toBeCloseTo(3, 9)
  })

  it('is told with its sum, and that nothing was deployed', () => {
    const lines = planText([{ stackName: 'One', template }]).split('\n')
    expect(lines).toContain('5 resources:')
    expect(lines).toContain('     2  AWS::CloudWatch::Alarm')
    expect(lines.at(-2)).toMatch(
      /^about \$0\.055 if all stand for 1 hour: alarms \$0\.000, dashboards \$0\.004/,
    )
    expect(lines.at(-1)).toBe('nothing was deployed')
  })
})

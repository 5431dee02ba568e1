import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { assertLoopback, openTarget } from './target.ts'
import { forEmulator, permissionsOf, type Template, without, writeTemplate } from './templates.ts'

const policy = (...Statement: object[]): Template => ({
  Resources: { P: { Type: 'AWS::IAM::Policy', Properties: { PolicyDocument: { Statement } } } },
})
const statementsOf = ({ Resources }: Template) => {
  const document = Resources['P']?.Properties?.['PolicyDocument'] as { Statement: unknown } | undefined
  return document?.Statement
}

describe('the guard', () => {
  it('lets pass what is on this machine, and nothing else', () => {
    for (const url of ['https://127.0.0.1:4566', 'https://[::1]:1', 'http://localhost:4566/x']) {
      expect(assertLoopback(url)).toBe(url)
    }
    for (const url of [
      'https://sqs.eu-central-1.amazonaws.com',
      'https://127.0.0.1.example',
      'http://10.0.0.1',
    ]) {
      expect(() => assertLoopback(url)).toThrow(/only loopback endpoints without DEPLOY_TARGET=aws; got/)
    }
  })

  it('goes to a real account only by that name', async () => {
    await expect(openTarget({ DEPLOY_TARGET: 'prod' })).rejects.toThrow("absent or 'aws'; got 'prod'")
    await expect(openTarget({ DEPLOY_TARGET: 'aws' })).rejects.toThrow('DEPLOY_TARGET=aws needs AWS_REGION')
  })
})

describe('permissions', () => {
  const template = policy(
    { Effect: 'Allow', Action: ['a:Get', 'a:Put'], Resource: ['x', 'y'] },
    { Effect: 'Allow', Action: 'logs:PutLogEvents', Resource: 'z' },
  )

  it('of a poller are those that a worker itself needs', () => {
    const Action = ['sqs:ReceiveMessage', 'sqs:ChangeMessageVisibility', 'sqs:GetQueueAttributes']
    const poller = policy({ Effect: 'Allow', Action, Resource: 'q' })

    expect(permissionsOf(poller).map(({ name }) => name)).toEqual(['P sqs:ChangeMessageVisibility q'])
  })

  it('are each action on each resource, but for logs', () => {
    expect(permissionsOf(template).map(({ name }) => name)).toEqual([
      'P a:Get x',
      'P a:Get y',
      'P a:Put x',
      'P a:Put y',
    ])
  })

  it('go one by one', () => {
    const [, getOfY] = permissionsOf(template)

    expect(statementsOf(without(template, getOfY!))).toEqual([
      { Effect: 'Allow', Action: ['a:Put'], Resource: ['x', 'y'] },
      { Effect: 'Allow', Action: ['a:Get'], Resource: ['x'] },
      { Effect: 'Allow', Action: 'logs:PutLogEvents', Resource: 'z' },
    ])
    expect(statementsOf(template)).toHaveLength(2)
  })

  it('of one message are those of a batch, for the emulator', () => {
    const sends = policy({ Effect: 'Allow', Action: 'sqs:SendMessage', Resource: 'q' })
    const emulated = forEmulator(sends)

    expect(statementsOf(emulated)).toEqual([
      { Effect: 'Allow', Action: ['sqs:SendMessage', 'sqs:SendMessageBatch'], Resource: 'q' },
    ])
  })

  it('that are a whole policy go with it, since an empty one is refused', () => {
    const { Resources } = forEmulator(policy({ Effect: 'Allow', Action: 'sqs:SendMessage', Resource: 'q' }))
    const all: Template = { Resources: { ...Resources, F: { Type: 'F', DependsOn: ['P', 'G'] } } }
    const [sending] = permissionsOf(all)

    expect(without(all, sending!)).toEqual({ Resources: { F: { Type: 'F', DependsOn: ['G'] } } })
  })
})

describe('what the emulator does not know', () => {
  it('is left out, and an alias goes to its version at once', () => {
    const alias = { Type: 'AWS::Lambda::Alias', Properties: { Name: 'live' } }
    const template: Template = {
      Resources: {
        Group: { Type: 'AWS::CodeDeploy::DeploymentGroup' },
        Sum: { Type: 'AWS::CloudWatch::Alarm', Properties: { Metrics: [] } },
        Errors: { Type: 'AWS::CloudWatch::Alarm', Properties: { MetricName: 'Errors' } },
        Live: { ...alias, UpdatePolicy: { CodeDeployLambdaAliasUpdate: {} } },
      },
    }
    const { Resources } = forEmulator(template)
    expect(Object.keys(Resources)).toEqual(['Errors', 'Live'])
    expect(Resources['Live']).toEqual(alias)
  })
})

const roleOf = (Service: string): Template => {
  const Statement = [{ Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { Service } }]
  return {
    Resources: { R: { Type: 'AWS::IAM::Role', Properties: { AssumeRolePolicyDocument: { Statement } } } },
  }
}
const trusted = ({ Resources }: Template) => {
  const trust = Resources['R']?.Properties?.['AssumeRolePolicyDocument'] as {
    Statement: { Principal: object }[]
  }
  return trust.Statement.map(({ Principal }) => Principal)
}

describe('the role of schedules', () => {
  it('can be taken by the test on the emulator, and no other role can', () => {
    expect(trusted(forEmulator(roleOf('scheduler.amazonaws.com')))).toEqual([
      { Service: 'scheduler.amazonaws.com' },
      { AWS: { Ref: 'AWS::AccountId' } },
    ])
    expect(trusted(forEmulator(roleOf('lambda.amazonaws.com')))).toEqual([
      { Service: 'lambda.amazonaws.com' },
    ])
  })
})

describe('a changed template', () => {
  let folder: string
  beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'flowcraft-template-'))))
  afterEach(() => rm(folder, { recursive: true }))

  it('is another asset, by both manifests', async () => {
    const assets = { files: { old1: { source: { path: 'S.template.json' }, objectKey: 'old1.json' } } }
    await writeFile(join(folder, 'S.assets.json'), JSON.stringify(assets))
    await writeFile(join(folder, 'manifest.json'), '{"url":"s3://assets/old1.json"}')

    await writeTemplate(folder, 'S', policy())

    const manifest = await readFile(join(folder, 'manifest.json'), 'utf8')
    const [hash] = /[0-9a-f]{64}/.exec(manifest) ?? ['none']
    expect(manifest).toBe(`{"url":"s3://assets/${hash}.json"}`)
    const written = JSON.parse(await readFile(join(folder, 'S.assets.json'), 'utf8')) as typeof assets
    expect(Object.keys(written.files)).toEqual([hash])
  })
})

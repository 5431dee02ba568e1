// Stacks by their templates, written by hand. Starts nothing by itself.

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll } from 'vitest'

export interface Written {
  readonly Resources: Record<string, { Type: string; Properties?: object; Condition?: string }>
  readonly Outputs?: Record<string, unknown>
  readonly Parameters?: Record<string, unknown>
  readonly Conditions?: Record<string, unknown>
}

let folder: Promise<string> | undefined
afterAll(async () => {
  if (folder) await rm(await folder, { recursive: true })
})

let assemblies = 0

/** Writes a cloud assembly with stacks by name, and folders of assets by S3 key. */
export async function assemblyOf(
  stacks: Record<string, Written>,
  assets: Record<string, Record<string, string>> = {},
): Promise<string> {
  folder ??= mkdtemp(join(tmpdir(), 'flowcraft-stack-test-'))
  const out = join(await folder, `cdk.out.${assemblies++}`)
  const write = async (file: string, text: string) => {
    await mkdir(dirname(join(out, file)), { recursive: true })
    await writeFile(join(out, file), text)
  }
  const artifacts: Record<string, object> = { Tree: { type: 'cdk:tree' } }
  for (const [name, template] of Object.entries(stacks)) {
    const properties = { templateFile: `${name}.template.json` }
    artifacts[name] = { type: 'aws:cloudformation:stack', properties }
    await write(properties.templateFile, JSON.stringify(template))
    const files = Object.keys(assets).map((objectKey) => [
      objectKey,
      { source: { path: `asset.${objectKey}` }, destinations: { here: { objectKey } } },
    ])
    await write(`${name}.assets.json`, JSON.stringify({ files: Object.fromEntries(files) }))
  }
  for (const [key, files] of Object.entries(assets)) {
    for (const [file, text] of Object.entries(files)) await write(`asset.${key}/${file}`, text)
  }
  await write('manifest.json', JSON.stringify({ artifacts }))
  return out
}

/** A function whose code stands in the template. */
export const inline = (body: string, more: object = {}) => ({
  Type: 'AWS::Lambda::Function',
  Properties: {
    Runtime: 'nodejs24.x',
    Handler: 'index.handler',
    Code: { ZipFile: `exports.handler = async (event, context) => {\n${body}\n}` },
    ...more,
  },
})

export const arnOf = (id: string) => ({ 'Fn::GetAtt': [id, 'Arn'] })

const permission = (Properties: object) => ({ Type: 'AWS::Lambda::Permission', Properties })

/** What the CDK puts into a template beside a rule and a function URL: that they may invoke each function, and send to each queue. */
export function opened(resources: Written['Resources']): Written['Resources'] {
  const all = Object.entries(resources).flatMap(
    ([id, resource]): [string, Written['Resources'][string]][] => {
      if (resource.Type === 'AWS::SQS::Queue') return [[`${id}Policy`, sendable(id)]]
      if (resource.Type !== 'AWS::Lambda::Function') return []
      const [FunctionName, Action] = [arnOf(id), 'lambda:InvokeFunction']
      const url = { Action: 'lambda:InvokeFunctionUrl', FunctionUrlAuthType: 'NONE' }
      return [
        [`${id}ByRules`, permission({ FunctionName, Action, Principal: 'events.amazonaws.com' })],
        [`${id}ByUrl`, permission({ FunctionName, ...url, Principal: '*' })],
        [
          `${id}ThroughUrl`,
          permission({ FunctionName, Action, InvokedViaFunctionUrl: true, Principal: '*' }),
        ],
      ]
    },
  )
  return { ...resources, ...Object.fromEntries(all) }
}

function sendable(id: string): Written['Resources'][string] {
  const Principal = { Service: 'events.amazonaws.com' }
  const Statement = [{ Effect: 'Allow', Principal, Action: 'sqs:SendMessage', Resource: arnOf(id) }]
  return {
    Type: 'AWS::SQS::QueuePolicy',
    Properties: { Queues: [{ Ref: id }], PolicyDocument: { Statement } },
  }
}

/** Loads a bundle once, as Lambda would, in a process of its own with the variables of its function. */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Stack } from 'aws-cdk-lib'
import type { CfnFunction, Function } from 'aws-cdk-lib/aws-lambda'
import { knownProperties } from './existing-resources.ts'

/** How long Lambda gives a module to load. https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html (read November 2026) */
const INIT_MS = 10_000
const SCRIPT = `
const [, url, name] = process.argv
try {
  const exported = (await import(url))[name]
  if (typeof exported === 'function') process.exit(0)
  console.error(\`\${name} must be a function, got \${typeof exported}\`)
} catch (error) {
  console.error(error instanceof Error ? (error.stack ?? error.message) : error)
}
process.exit(1)
`

/** At synth, since variables may be added until then. */
export function checkEntryAtSynth(fn: Function, entry: string, bundle: string, handler: string): void {
  fn.node.addValidation({
    validate() {
      const file = ['index.mjs', 'index.js', 'index.cjs'].map((name) => join(bundle, name)).find(existsSync)
      // Nothing was bundled.
      if (!file) return []
      const { status, stderr, error } = spawnSync(
        process.execPath,
        ['--input-type=module', '--eval', SCRIPT, pathToFileURL(file).href, handler],
        { env: environmentOf(fn), encoding: 'utf8', timeout: INIT_MS },
      )
      if (status === 0) return []
      const said = firstLines(stderr) || `it ended the process (${status})`
      const why = error ? `it did not load within ${INIT_MS / 1_000} seconds` : said
      return [`checkEntry: ${entry} must load with the function's variables, got: ${why}`]
    },
  })
}

function firstLines(text: string): string {
  const lines = text.split('\n').filter((line) => line.trim() !== '' && !/^\s+at node:/.test(line))
  return lines.slice(0, 3).join('\n')
}

/** What is known only when it is deployed has a value of the same form. No credentials: a module must not call AWS. */
function environmentOf(fn: Function): Record<string, string> {
  const known = knownProperties<CfnFunction>(fn)
  const { variables = {} } = (Stack.of(fn).resolve(known?.environment) ?? {}) as {
    readonly variables?: Readonly<Record<string, unknown>>
  }
  const made = Object.entries(variables).map(([name, value]) => [name, asText(value, name)])
  return {
    PATH: process.env['PATH'] ?? '',
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: UNKNOWN,
    AWS_SECRET_ACCESS_KEY: UNKNOWN,
    AWS_LAMBDA_FUNCTION_NAME: UNKNOWN,
    ...(Object.fromEntries(made) as Record<string, string>),
  }
}

const UNKNOWN = 'unknown-at-synth'

function asText(value: unknown, name: string): string {
  if (typeof value === 'string') return value
  const { 'Fn::Join': join } = value as { readonly 'Fn::Join'?: readonly [string, readonly unknown[]] }
  if (join) return join[1].map((part) => asText(part, name)).join(join[0])
  return /URL|POOLS/.test(name) ? `https://sqs.us-east-1.amazonaws.com/000000000000/${UNKNOWN}` : UNKNOWN
}

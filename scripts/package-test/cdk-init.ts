/** What `cdk init` writes, today and formerly: its Jest is CommonJS, and cannot require an ES module. */
import { cpSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { functionsOf, root, run, versions, write } from './folder.ts'
import { testInitInto } from './init.ts'
import { COMPILER_OPTIONS, writeOlderTemplate } from './older-template.ts'
import { typeDocs, typeOwnFlow } from './readme.ts'

/** A test of the stack, and one of what is no flow and no construct. */
const stackTest = (file: string) => `import { App } from 'aws-cdk-lib'
import { Template } from 'aws-cdk-lib/assertions'
import { isFlowcraftAwsError, StartRunInvoker } from 'flowcraft-aws'
import { ShopStack } from '${file}'

test('the stack has its functions', () => {
  const template = Template.fromStack(new ShopStack(new App(), 'Test'))
  template.resourceCountIs('AWS::Lambda::Function', 4)
})

test('the main entry loads', () => {
  expect(new StartRunInvoker({ functionName: 'start' })).toBeInstanceOf(StartRunInvoker)
  expect(isFlowcraftAwsError(new Error())).toBe(false)
})
`

function addQuickStart(folder: string): void {
  for (const [from, to] of [
    ['quick-start/flows.ts', 'src/flows.ts'],
    ['quick-start/worker.ts', 'src/worker.ts'],
    ['deployment/order-api.ts', 'src/order-api.ts'],
    ['deployment/shop-stack.ts', 'lib/shop-stack.ts'],
  ] as const) {
    cpSync(join(root, 'examples', from), join(folder, to))
  }
  write(folder, 'test/shop.test.ts', stackTest('../lib/shop-stack'))
}

export function testTemplate(folder: string, tarball: string): void {
  run(
    folder,
    join(root, 'node_modules/.bin/cdk'),
    'init',
    'app',
    '--language',
    'typescript',
    '--generate-only',
  )
  typeOwnFlow(folder, tarball)
  write(folder, 'test/shop.test.ts', stackTest('../src/shop-stack'))
  run(folder, 'npm', 'test')
  // The template's own app, which begins with `tsc` over all that was typed.
  typeDocs(folder)
  run(folder, 'npx', 'cdk', 'synth', '--quiet')
  console.log('  docs/your-own-flow.md, npm test and cdk synth pass')
  testFlowInJest(folder, 'swc')
  testInitInto(folder, tarball)
}

/** What docs/testing.md says, by the loader of `@swc/jest` or the one that it names for ts-jest. */
function testFlowInJest(folder: string, loader: 'swc' | 'ts-jest'): void {
  const config = readFileSync(join(root, 'examples/testing/jest.config.cjs'), 'utf8')
  const docs = readFileSync(join(root, 'docs/testing.md'), 'utf8')
  const tsJest = /^`(\['ts-jest'.*\])`\.$/m.exec(docs)?.[1] ?? 'none in docs/testing.md'
  write(folder, 'jest.config.js', loader === 'swc' ? config : config.replace("'@swc/jest'", tsJest))
  const spec = readFileSync(join(root, 'examples/quick-start/flows.spec.ts'), 'utf8')
  const test = spec
    .replace("import { expect, it } from 'vitest'\n", '')
    .replace("'./flows.js'", "'../src/flows.js'")
  write(folder, 'test/flows.test.ts', test)
  run(folder, 'npx', 'jest', 'test/flows.test.ts')
  console.log('  a flow runs in Jest')
}

export function testOlderTemplate(folder: string, tarball: string): void {
  writeOlderTemplate(folder)
  addQuickStart(folder)
  run(folder, 'npm', 'install', 'flowcraft', tarball, `esbuild@${versions['esbuild']}`)
  run(folder, 'npm', 'test')
  run(folder, 'npx', 'cdk', 'synth', '--quiet')
  const { length } = functionsOf(join(folder, 'cdk.out'), 'ShopStack')
  if (length !== 4) throw new Error(`cdk synth: expected 4 functions, got ${length}`)
  console.log('  npm test and cdk synth pass')
  testFlowInJest(folder, 'ts-jest')

  // The next templates: NodeNext, and still a TypeScript that refuses to require an ES module, by its types too.
  const node = [
    '--module',
    'nodenext',
    '--moduleResolution',
    'nodenext',
    '--target',
    'es2022',
    '--types',
    'node',
  ]
  run(folder, 'npx', 'tsc', '--noEmit', ...node, 'lib/shop-stack.ts')

  // Flowcraft has no types for these settings of `tsc`: docs/deployment.md says which it needs.
  run(folder, 'npm', 'install', '--save-dev', 'typescript@5.9')
  const compilerOptions = {
    ...COMPILER_OPTIONS,
    module: 'NodeNext',
    moduleResolution: 'NodeNext',
    lib: ['es2022'],
  }
  write(folder, 'tsconfig.json', { compilerOptions, exclude: ['node_modules', 'cdk.out'] })
  run(folder, 'npm', 'run', 'build')
  console.log('  tsc passes')
}

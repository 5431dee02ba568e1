import { fileURLToPath } from 'node:url'
import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config'

const entry = (file: string) => fileURLToPath(new URL(file, import.meta.url))

const emulated = 'test/**/*.emulated.test.ts'
const simulation = ['test/simulation/**/*.test.ts', 'test/conformance/**/*.test.ts']
/** Chromium looks at the console; `npm run test:browser`. */
const browser = 'test/browser/**/*.test.ts'
/** Examples over the local AWS, and their stacks. */
const examples = 'examples/**/aws.spec.ts'
const constructs = ['test/constructs/**/*.test.ts', 'test/bin/**/*.test.ts']
/** A little of everything that needs the local AWS, for `npm test`; `npm run test:emulated` has the others. */
const smoke = [
  'test/adapter/worker-handler.emulated.test.ts',
  'test/client/run-client.emulated.test.ts',
  'test/conformance/sample.emulated.test.ts',
  'test/core/store/dynamodb-run-store.emulated.test.ts',
  'test/docs/snippets.emulated.test.ts',
  'test/end-to-end/subflow.emulated.test.ts',
]
/** Modules are loaded once in a process and not in each file: that is what most of the time went on. */
const shared = { isolate: false, setupFiles: ['test/support/tidy.ts'] }

function project(name: string, test: TestProjectInlineConfiguration['test']): TestProjectInlineConfiguration {
  return { extends: true, test: { name, ...test } }
}

export default defineConfig({
  resolve: {
    // Examples import the package by its name, as a user's project does.
    alias: {
      'flowcraft-aws/constructs': entry('lib/constructs/index.ts'),
      'flowcraft-aws/lambda': entry('lambdas/index.ts'),
      'flowcraft-aws/local': entry('lib/local/index.ts'),
      'flowcraft-aws/testing': entry('lib/testing/index.ts'),
      'flowcraft-aws': entry('lib/index.ts'),
    },
  },
  test: {
    projects: [
      project('unit', {
        ...shared,
        include: ['test/**/*.test.ts', 'examples/**/*.spec.ts', 'templates/**/*.test.ts'],
        exclude: [...constructs, ...simulation, emulated, browser, examples],
      }),
      // The CDK takes 6 seconds to load: one process does that, once.
      project('constructs', {
        ...shared,
        include: constructs,
        maxWorkers: 1,
        sequence: { groupOrder: 1 },
      }),
      project('simulation', { include: simulation, exclude: [emulated], sequence: { groupOrder: 2 } }),
      project('smoke', { include: smoke, sequence: { groupOrder: 3 } }),
      project('browser', { include: [browser], maxWorkers: 1, sequence: { groupOrder: 4 } }),
      project('examples', {
        ...shared,
        include: [examples],
        maxWorkers: 1,
        sequence: { groupOrder: 5 },
      }),
      // Its concurrent tests wait more than they work.
      project('emulated', {
        include: [emulated],
        exclude: smoke,
        maxConcurrency: 12,
        sequence: { groupOrder: 3 },
      }),
    ],
    coverage: {
      provider: 'v8',
      include: ['lib/**/*.ts', 'lambdas/*.ts'],
      // The local AWS, and what speaks to AWS, is run by `smoke` and `emulated`.
      exclude: ['lib/local/**'],
      reporter: ['text-summary'],
      thresholds: { statements: 84, branches: 82, functions: 84, lines: 85 },
    },
    env: {
      // Each read of the kit's must be consistent, and no emulator is ever stale.
      FLOWCRAFT_LOCAL_CONSISTENT_READS: 'true',
      // The SDK's reminder of Node 22 is not a warning about this project.
      AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
    },
    // What the engine says of values that a test gives it on purpose.
    onConsoleLog: (log) => !log.includes('[Flowcraft] Warning'),
    // Generous: the machine may be busy with other things, and a test that is slow is not wrong.
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
})

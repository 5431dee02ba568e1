import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const entry = (file: string) => fileURLToPath(new URL(file, import.meta.url))

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
    include: ['test/**/*.test.ts', 'examples/**/*.spec.ts'],
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

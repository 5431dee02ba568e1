/** What `cdk init app --language typescript` of aws-cdk 2.1000.3 (February 2025) wrote, without comments, with the CDK of today. */
import { versions, write } from './folder.ts'

export function writeOlderTemplate(folder: string): void {
  write(folder, 'package.json', {
    name: 'shop',
    version: '0.1.0',
    bin: { shop: 'bin/shop.js' },
    scripts: { build: 'tsc', watch: 'tsc -w', test: 'jest', cdk: 'cdk' },
    devDependencies: {
      '@types/jest': '^29.5.14',
      '@types/node': '22.7.9',
      jest: '^29.7.0',
      'ts-jest': '^29.2.5',
      'aws-cdk': versions['aws-cdk'],
      'ts-node': '^10.9.2',
      typescript: '~5.6.3',
    },
    dependencies: { 'aws-cdk-lib': versions['aws-cdk-lib'], constructs: '^10.0.0' },
  })
  write(folder, 'tsconfig.json', { compilerOptions: COMPILER_OPTIONS, exclude: ['node_modules', 'cdk.out'] })
  write(folder, 'cdk.json', { app: 'npx ts-node --prefer-ts-exts bin/shop.ts' })
  write(
    folder,
    'jest.config.js',
    `module.exports = {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  transform: {
    '^.+\\\\.tsx?$': 'ts-jest'
  }
};
`,
  )
  write(
    folder,
    'bin/shop.ts',
    `#!/usr/bin/env node
import * as cdk from 'aws-cdk-lib';
import { ShopStack } from '../lib/shop-stack';

const app = new cdk.App();
new ShopStack(app, 'ShopStack', {});
`,
  )
}

export const COMPILER_OPTIONS = {
  target: 'ES2020',
  module: 'commonjs',
  lib: ['es2020', 'dom'],
  declaration: true,
  strict: true,
  noImplicitAny: true,
  strictNullChecks: true,
  noImplicitThis: true,
  alwaysStrict: true,
  noUnusedLocals: false,
  noUnusedParameters: false,
  noImplicitReturns: true,
  noFallthroughCasesInSwitch: false,
  inlineSourceMap: true,
  inlineSources: true,
  experimentalDecorators: true,
  strictPropertyInitialization: false,
  typeRoots: ['./node_modules/@types'],
}

module.exports = {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  transform: {
    '^.+\\.(ts|mjs)$': '@swc/jest',
  },
  transformIgnorePatterns: ['/node_modules/(?!flowcraft/)'],
  moduleNameMapper: {
    '^flowcraft$': '<rootDir>/node_modules/flowcraft/dist/index.mjs',
    '^(\\.{1,2}/.*)\\.js$': '$1',
  },
  setupFilesAfterEnv: ['aws-cdk-lib/testhelpers/jest-autoclean'],
}

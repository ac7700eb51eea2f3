/** @type {import('jest').Config} */
module.exports = {
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  transform: { '^.+\\.ts$': ['ts-jest', { diagnostics: false }] },
  testEnvironment: '<rootDir>/test/helpers/environment.ts',
  reporters: ['default', '<rootDir>/test/helpers/skip-reporter.js'],
  testTimeout: 60_000 * Number(process.env.SKIFF_TEST_SLOWNESS ?? 1),
  // One file after the other: what a test measures or finds left over is its own.
  maxWorkers: 1,
};

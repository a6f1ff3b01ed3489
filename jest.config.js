import { availableParallelism } from 'node:os';

/** Tests mirror the rooms. Everything is native ESM, as it is deployed; swc only takes the types away. */
const common = {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: { parser: { syntax: 'typescript' }, target: 'es2024' },
        module: { type: 'es6' },
      },
    ],
  },
};

/** These run instances or the document's script; the machine is made ready for them first. */
const needsMachine = ['local', 'faults', 'share'];

export default {
  // Jest leaves one processor to itself; of two that is half, and a lab often waits.
  maxWorkers: Math.max(2, availableParallelism() - 1),
  projects: ['unit', 'local', 'faults', 'share'].map((name) => ({
    ...common,
    displayName: name,
    testMatch: [`<rootDir>/test/${name}/**/*.test.ts`],
    ...(needsMachine.includes(name)
      ? { globalSetup: '<rootDir>/test/prepare-machine.ts', globalTeardown: '<rootDir>/test/clear-away.ts' }
      : {}),
  })),
};

import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { BadUsage, faultNames, readArguments, usage } from '../../../../local/console/arguments.ts';

describe('the command line of npm start', () => {
  test('without options: three instances, below .lifeboat', () => {
    expect(readArguments([])).toEqual({
      directory: '.lifeboat',
      fresh: false,
      instances: 3,
      sources: [],
      faults: [],
      json: false,
      keep: false,
    });
  });

  test('own folders and an own share', () => {
    const options = readArguments(['--source', 'a', '--source', 'b', '--share', '/mnt/nfs', '--json']);
    expect(options).toMatchObject({ sources: ['a', 'b'], share: '/mnt/nfs', json: true });
  });

  test.each([
    [['--instnaces', '3'], /--instnaces is no option\. Did you mean --instances\?/],
    [['--instances', 'three'], /--instances takes a whole number from 1 to 50, not "three"/],
    [['--instances', '0'], /from 1 to 50/],
    [['--instances'], /--instances/],
    [['--fault', 'share-ful'], /Did you mean share-full\? There are: share-unmounted/],
    [['restore'], /"restore" is no option/],
    [['--source', 'a', '--students', '3'], /--source brings its own instances/],
  ])('%j is refused with what is right', (argv, message) => {
    expect(() => readArguments(argv)).toThrow(message);
    expect(() => readArguments(argv)).toThrow(BadUsage);
  });

  test('the help names every option and every fault', () => {
    for (const fault of faultNames) expect(usage).toContain(fault);
    expect(readArguments(['-h'])).toBe('help');
  });

  test('property: any words are read or refused as bad usage', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.string(), fc.constantFrom('--dir', '--fault', '--json', '--', '-'))),
        (argv) => {
          try {
            readArguments(argv);
          } catch (error) {
            expect(error).toBeInstanceOf(BadUsage);
          }
        },
      ),
    );
  });
});

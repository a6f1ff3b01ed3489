import { describe, expect, test } from '@jest/globals';
import { refuseChown } from '../../../local/fleet/seccomp.ts';

const allow = 0x7fff0000;
const operationNotPermitted = 0x00050001;
const x86 = 0xc000003e;
const arm = 0xc00000b7;

/** Runs a classic BPF program as the kernel does, with the three instructions that the filter may use. */
const run = (program: Buffer, architecture: number, call: number): number => {
  let accumulator = 0;
  for (let at = 0; at < program.length; at += 8) {
    const code = program.readUInt16LE(at);
    const constant = program.readUInt32LE(at + 4);
    if (code === 0x06) return constant;
    if (code === 0x20) accumulator = constant === 4 ? architecture : call;
    else if (code === 0x15) at += 8 * program.readUInt8(at + (accumulator === constant ? 2 : 3));
    else throw new Error(`Instruction ${code.toString(16)} at ${at / 8}.`);
  }
  throw new Error('The program runs over its end.');
};

describe('the filter that refuses chown', () => {
  test.each([
    ['x86_64', x86, [92, 93, 94, 260]],
    ['arm64', arm, [54, 55]],
  ])('refuses every form of it on %s, and nothing else', (_name, architecture, refused) => {
    const program = refuseChown();
    for (let call = 0; call < 600; call += 1) {
      expect([call, run(program, architecture, call)]).toEqual([
        call,
        refused.includes(call) ? operationNotPermitted : allow,
      ]);
    }
  });

  test('lets other architectures alone', () => {
    expect(run(refuseChown(), 0x40000003, 92)).toBe(allow);
  });
});

/**
 * A share that squashes root refuses every change of owner. A seccomp filter says the same in a sandbox: chown answers
 * EPERM, everything else works. It covers the whole sandbox, its own disk included, for 64-bit programs.
 *
 * The kernel takes a filter as a classic BPF program: instructions of 8 bytes (code: u16, jumps if true and if false: u8
 * each, constant k: u32, little endian as x86_64 and arm64 are) that read `struct seccomp_data` (system call number at
 * offset 0, architecture at offset 4) into an accumulator, compare, and return a verdict. Jumps count the instructions
 * to skip. `bwrap --seccomp FD` takes the raw program.
 *
 * Numbers: linux/audit.h, linux/seccomp.h, asm/unistd.h of the two architectures.
 */
export const refuseChown = (): Buffer => {
  const deny = 1 + blocks.reduce((sum, { calls }) => sum + blockLength(calls), 0) + 1;
  const program = [load(offsets.architecture)];
  for (const { architecture, calls } of blocks) {
    program.push(jumpIfEqual(architecture, 0, blockLength(calls) - 1));
    program.push(load(offsets.callNumber));
    for (const call of calls) program.push(jumpIfEqual(call, deny - program.length - 1, 0));
    program.push(answer(verdicts.allow));
  }
  program.push(answer(verdicts.allow), answer(verdicts.operationNotPermitted));
  return Buffer.concat(program);
};

const offsets = { callNumber: 0, architecture: 4 } as const;

/** SECCOMP_RET_ALLOW, and SECCOMP_RET_ERRNO with EPERM (1). */
const verdicts = { allow: 0x7fff0000, operationNotPermitted: 0x00050001 } as const;

const blocks = [
  // AUDIT_ARCH_X86_64: chown, fchown, lchown, fchownat
  { architecture: 0xc000003e, calls: [92, 93, 94, 260] },
  // AUDIT_ARCH_AARCH64: fchownat, fchown; the other two do not exist there
  { architecture: 0xc00000b7, calls: [54, 55] },
] as const;

/** Architecture check, load of the call number, one comparison a call, verdict. */
const blockLength = (calls: readonly number[]): number => calls.length + 3;

/** BPF_LD | BPF_W | BPF_ABS */
const load = (offset: number): Buffer => instruction(0x20, 0, 0, offset);

/** BPF_JMP | BPF_JEQ | BPF_K */
const jumpIfEqual = (constant: number, skipIfEqual: number, skipIfNot: number): Buffer =>
  instruction(0x15, skipIfEqual, skipIfNot, constant);

/** BPF_RET | BPF_K */
const answer = (verdict: number): Buffer => instruction(0x06, 0, 0, verdict);

const instruction = (code: number, ifTrue: number, ifFalse: number, constant: number): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt16LE(code, 0);
  bytes.writeUInt8(ifTrue, 2);
  bytes.writeUInt8(ifFalse, 3);
  bytes.writeUInt32LE(constant, 4);
  return bytes;
};

import { hash } from 'node:crypto';

/** Random draws that anybody can repeat: the same name gives the same draws, on every machine, in every order of calls. */
export type Draws = {
  /** 0 ≤ x < 1. */
  readonly fraction: () => number;
  /** A whole number from `least` to `most`, both included. */
  readonly whole: (least: number, most: number) => number;
  readonly pick: <T>(list: readonly [T, ...T[]]) => T;
};

/**
 * Draws of what the parts name, for instance a seed, a student and a week. SHA-256 turns the name into the 128 bits of
 * state of sfc32 (Chris Doty-Humphrey's "small fast counter", PractRand), which is quick and good enough for a picture of
 * life; it is no source of secrets.
 */
export const drawsOf = (...parts: readonly (string | number)[]): Draws => {
  const digest = hash('sha256', parts.join('/'), 'buffer');
  const fraction = smallFastCounter([0, 4, 8, 12].map((offset) => digest.readUInt32LE(offset)));
  const whole = (least: number, most: number) => least + Math.floor(fraction() * (most - least + 1));
  return { fraction, whole, pick: (list) => list[whole(0, list.length - 1)] ?? list[0] };
};

const smallFastCounter = ([a = 0, b = 0, c = 0, counter = 0]: readonly number[]) => {
  let [x, y, z, n] = [a, b, c, counter];
  return (): number => {
    const sum = (x + y + n) | 0;
    n = (n + 1) | 0;
    x = y ^ (y >>> 9);
    y = (z + (z << 3)) | 0;
    z = ((z << 21) | (z >>> 11)) + sum;
    return (sum >>> 0) / 0x1_0000_0000;
  };
};

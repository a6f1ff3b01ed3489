/**
 * The word that was probably meant: the nearest by optimal string alignment distance (insertions, deletions,
 * replacements and swapped neighbours, the four ways to mistype), letter case aside. Undefined where no word is near:
 * more than a third of the letters would have to change, which is guessing.
 */
export const nearestWord = (typed: string, words: Iterable<string>): string | undefined => {
  const wanted = typed.toLowerCase();
  let best: string | undefined;
  let least = Math.max(1, Math.floor(wanted.length / 3)) + 1;
  for (const word of words) {
    if (Math.abs(word.length - wanted.length) >= least) continue;
    const distance = distanceOf(wanted, word.toLowerCase());
    if (distance < least) [best, least] = [word, distance];
  }
  return best;
};

const distanceOf = (from: string, to: string): number => {
  let beforeLast: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row++) {
    const current = [row];
    for (let column = 1; column <= to.length; column++) {
      const replaced = at(last, column - 1) + (from[row - 1] === to[column - 1] ? 0 : 1);
      const swaps =
        row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      const swapped = swaps ? at(beforeLast, column - 2) + 1 : Number.POSITIVE_INFINITY;
      current.push(Math.min(at(last, column) + 1, at(current, column - 1) + 1, replaced, swapped));
    }
    [beforeLast, last] = [last, current];
  }
  return at(last, to.length);
};

const at = (row: readonly number[], column: number): number => row[column] ?? Number.POSITIVE_INFINITY;

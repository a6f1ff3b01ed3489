/** The newest, the last ones, the newest of each of the newest days, pinned ones, and as many as must be. */
export const staying = (
  points: readonly string[],
  pins: ReadonlySet<string>,
  wanted: { readonly last: number; readonly daily: number; readonly minimum: number },
): readonly string[] => {
  const newestFirst = [...points].reverse();
  const dayOf = (point: string): string => point.slice(0, 8);
  const days = newestFirst.filter(
    (point, at) => at === 0 || dayOf(point) !== dayOf(newestFirst[at - 1] ?? ''),
  );
  const kept = new Set([
    ...newestFirst.slice(0, Math.max(1, wanted.last)),
    ...days.slice(0, wanted.daily),
    ...newestFirst.filter((point) => pins.has(point)),
  ]);
  for (const point of newestFirst) if (kept.size < wanted.minimum) kept.add(point);
  return points.filter((point) => kept.has(point));
};

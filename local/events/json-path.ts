/**
 * The value that a path such as `$.detail.list[0]` or `$.detail['a-b']` names; undefined where there is none. Takes what
 * EventBridge takes: names and positions, no filters. Throws where the path is none.
 */
export const valueAt = (path: string, root: unknown): unknown => {
  if (!path.startsWith('$')) throw new Error(`"${path}" is no JSON path: it begins with $.`);
  const steps = [...path.slice(1).matchAll(step)];
  if (steps.map(([text]) => text).join('') !== path.slice(1))
    throw new Error(`"${path}" is no JSON path that EventBridge takes, such as $.detail.status.`);
  return steps.reduce<unknown>(
    (value, [, name, quoted, position]) => childOf(value, name ?? quoted ?? Number(position)),
    root,
  );
};

const step = /\.([A-Za-z0-9_-]+)|\['([^']+)'\]|\[(\d+)\]/g;

const childOf = (value: unknown, key: string | number): unknown => {
  if (Array.isArray(value)) return typeof key === 'number' ? value[key] : undefined;
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
  return new Map(Object.entries(value)).get(String(key));
};

/**
 * The form of a Query call as a structure: `Filters.member.1.Name=tag:a` and EC2's `Filter.1.Value.1=b` become nested
 * structures and lists. All leaves are texts; the operation's schema turns them into numbers and booleans.
 */
export const readQueryParameters = (form: URLSearchParams): Readonly<Record<string, unknown>> => {
  const root: Branch = new Map();
  for (const [name, value] of form) place(root, name.split('.'), value);
  const parameters = plain(root);
  return typeof parameters === 'object' && parameters !== null && !Array.isArray(parameters)
    ? { ...parameters }
    : {};
};

type Branch = Map<string, Branch | string>;

const place = (branch: Branch, path: readonly string[], value: string): void => {
  const [head = '', ...rest] = path;
  if (rest.length === 0) {
    branch.set(head, value);
    return;
  }
  const there = branch.get(head);
  const next: Branch = there instanceof Map ? there : new Map();
  branch.set(head, next);
  place(next, rest, value);
};

const plain = (node: Branch | string): unknown => {
  if (typeof node === 'string') return node;
  const only = node.get('member');
  if (node.size === 1 && only instanceof Map) return plain(only);
  const names = [...node.keys()];
  if (names.length > 0 && names.every((name) => /^[1-9]\d*$/.test(name))) {
    return [...node.entries()].sort(([a], [b]) => Number(a) - Number(b)).map(([, child]) => plain(child));
  }
  return Object.fromEntries([...node.entries()].map(([name, child]) => [name, plain(child)]));
};

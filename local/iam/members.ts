/** What stands at a place of a request's parameters; undefined where nothing does. */
export const at = (input: unknown, ...path: readonly string[]): unknown =>
  path.reduce<unknown>(
    (value, name) =>
      typeof value === 'object' && value !== null && Object.hasOwn(value, name)
        ? Reflect.get(value, name)
        : undefined,
    input,
  );

/** Empty where there is no text: no policy allows a resource without a name, so what is asked for is refused. */
export const textAt = (input: unknown, ...path: readonly string[]): string => {
  const value = at(input, ...path);
  return typeof value === 'string' ? value : '';
};

export const listAt = (input: unknown, ...path: readonly string[]): readonly unknown[] => {
  const value = at(input, ...path);
  return Array.isArray(value) ? value : [];
};

export const textsAt = (input: unknown, ...path: readonly string[]): readonly string[] =>
  listAt(input, ...path).filter((one) => typeof one === 'string');

/** EC2's filters know `*` for any text and `?` for one character; a backslash takes their meaning away. */
export const matchesPattern = (pattern: string, value: string): boolean => {
  const parts = [...pattern.matchAll(/\\(.)|([*?])|([\s\S])/gu)].map(([, escaped, wildcard, plain]) => {
    if (wildcard !== undefined) return wildcard === '*' ? '.*' : '.';
    return (escaped ?? plain ?? '').replaceAll(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
  });
  return new RegExp(`^${parts.join('')}$`, 's').test(value);
};

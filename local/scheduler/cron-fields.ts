/** One of cron's fields that take numbers: its limits, and names for the numbers from `least` on. */
export type NumberField = {
  readonly name: string;
  readonly least: number;
  readonly most: number;
  readonly names?: readonly string[];
  /** Day of the week takes no `/`. */
  readonly steps: boolean;
};

export const minutes: NumberField = { name: 'minute', least: 0, most: 59, steps: true };
export const hours: NumberField = { name: 'hour', least: 0, most: 23, steps: true };
export const daysOfMonth: NumberField = { name: 'day of the month', least: 1, most: 31, steps: true };
export const months: NumberField = {
  name: 'month',
  least: 1,
  most: 12,
  names: ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'],
  steps: true,
};
/** 1 is Sunday. */
export const daysOfWeek: NumberField = {
  name: 'day of the week',
  least: 1,
  most: 7,
  names: ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'],
  steps: false,
};
export const years: NumberField = { name: 'year', least: 1970, most: 2199, steps: true };

/**
 * The numbers that a field stands for, ascending: `*`, lists, ranges and steps. Throws an Error whose message says what
 * is wrong with the field.
 */
export const numbersOf = (field: NumberField, text: string): readonly number[] => {
  const found = new Set(text.split(',').flatMap((item) => numbersOfItem(field, item)));
  return [...found].sort((one, other) => one - other);
};

/** The number that a number or a name stands for. */
export const numberOf = (field: NumberField, text: string): number => {
  const named = field.names?.indexOf(text.toUpperCase()) ?? -1;
  if (named >= 0) return field.least + named;
  const value = /^\d{1,4}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= field.least && value <= field.most) return value;
  throw new Error(`"${text}" is no ${field.name}: ${field.least} to ${field.most}.`);
};

const numbersOfItem = (field: NumberField, item: string): readonly number[] => {
  const [span = '', step, ...more] = item.split('/');
  if (more.length > 0 || (step !== undefined && !field.steps))
    throw new Error(`"${item}" is no ${field.name}: the / does not fit.`);
  const [from, to] = limitsOf(field, span, step !== undefined);
  if (from > to) throw new Error(`The ${field.name} range "${span}" runs backwards.`);
  const width = step === undefined ? 1 : stepOf(field, step);
  return Array.from({ length: Math.floor((to - from) / width) + 1 }, (_, index) => from + index * width);
};

/** `5/10` runs from 5 to the field's end, a bare `5` is itself. */
const limitsOf = (field: NumberField, span: string, stepped: boolean): readonly [number, number] => {
  if (span === '*') return [field.least, field.most];
  const [from = '', to, ...more] = span.split('-');
  if (more.length > 0) throw new Error(`"${span}" is no range of the ${field.name}.`);
  const first = numberOf(field, from);
  return [first, to === undefined ? (stepped ? field.most : first) : numberOf(field, to)];
};

const stepOf = (field: NumberField, text: string): number => {
  const step = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (step < 1) throw new Error(`"/${text}" is no step of the ${field.name}.`);
  return step;
};

import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { readQueryParameters } from '../../../../local/protocol/query-parameters.ts';

const read = (form: string) => readQueryParameters(new URLSearchParams(form));

test('members and numbered items become lists, in the order of their numbers', () => {
  expect(read('Names.member.2=b&Names.member.1=a&Max=5')).toEqual({ Names: ['a', 'b'], Max: '5' });
  expect(read('Filter.1.Name=tag:x&Filter.1.Value.1=y&Filter.2.Name=z')).toEqual({
    Filter: [{ Name: 'tag:x', Value: ['y'] }, { Name: 'z' }],
  });
});

test('no form breaks it, and none reaches the prototype', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.string(), fc.string())), (pairs) => {
      read(new URLSearchParams(pairs).toString());
      read(
        new URLSearchParams(
          pairs.map(([name, value]): [string, string] => [`a.1.__proto__.${name}`, value]),
        ).toString(),
      );
      return !('polluted' in {});
    }),
  );
  read('__proto__.polluted=1&a.__proto__.polluted=1&constructor.prototype.polluted=1');
  expect('polluted' in {}).toBe(false);
});

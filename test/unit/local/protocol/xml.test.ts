import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { element, escapeXml, readXml } from '../../../../local/protocol/xml.ts';

test('what is written is read back, whatever the text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const read = readXml(element('Key', text, undefined));
      return read?.text === text && read.children.length === 0;
    }),
  );
});

test('lists are wrapped, or flat where no tag is given', () => {
  expect(element('A', ['x', { B: 1 }], 'member')).toBe('<A><member>x</member><member><B>1</B></member></A>');
  expect(element('A', ['x', 'y'], undefined)).toBe('<A>x</A><A>y</A>');
  expect(element('A', { B: undefined, C: new Date(0), D: false }, 'item')).toBe(
    '<A><C>1970-01-01T00:00:00.000Z</C><D>false</D></A>',
  );
});

test('control characters become references', () => {
  expect(escapeXml('a\r\u0001"<&>')).toBe('a&#xD;&#x1;&quot;&lt;&amp;&gt;');
});

test('declarations, attributes and comments are passed over; what is not well-formed is refused', () => {
  expect(readXml('<?xml version="1.0"?><a xmlns="x"><!-- c --><b/><c>1</c></a>')).toEqual({
    name: 'a',
    text: '',
    children: [
      { name: 'b', text: '', children: [] },
      { name: 'c', text: '1', children: [] },
    ],
  });
  for (const bad of [
    '',
    'text',
    '<a>',
    '</a>',
    '<a></b>',
    '<a/><b/>',
    '<a><b></a></b>',
    '<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>',
    '<a b=c/>',
  ]) {
    expect(readXml(bad)).toBeUndefined();
  }
});

import { existsSync, globSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { causeIds } from '../../../functions/pipeline/causes.ts';
import { faultNames, usage } from '../../../local/console/arguments.ts';

const project = fileURLToPath(new URL('../../../', import.meta.url));
const pages = [
  ...['README.md', 'CHANGELOG.md', 'CONTRIBUTING.md'],
  ...globSync(['docs/**/*.md', 'ec2-userdata/*.md', 'examples/**/*.md'], { cwd: project }),
].sort();

/** Pages about npm start and sls; others name options of other programs, too. */
const isGuide = (page: string): boolean => /^(README|docs\/[^/]+)\.md$/.test(page);

describe.each(pages)('%s', (page) => {
  const text = readFileSync(join(project, page), 'utf8');

  test('leads nowhere that does not exist', () => {
    expect(linksOf(text).filter((link) => !leadsSomewhere(page, link))).toEqual([]);
  });

  test('names no option that npm start does not know', () => {
    const known = new Set(usage.match(/--[a-z-]+/g));
    const named = [...optionsOfStart(text), ...(isGuide(page) ? optionsAlone(text) : [])];
    expect(named.filter((option) => !known.has(option))).toEqual([]);
  });

  test('holds no path or address of the machine it was written on', () => {
    expect(text.match(/\/(root|work|home)\/\S+|https?:\/\/(localhost|10\.|192\.168\.)\S*/g) ?? []).toEqual(
      [],
    );
  });
});

test('README.md shows every fault, and no page one that npm start does not know', () => {
  const readme = readFileSync(join(project, 'README.md'), 'utf8');
  expect(faultNames.filter((fault) => !readme.includes(`| \`${fault}\` |`))).toEqual([]);
  const named = pages.flatMap((page) => [
    ...readFileSync(join(project, page), 'utf8').matchAll(/--fault ([a-z-]+)/g),
  ]);
  expect(named.map(([, fault = '']) => fault).filter((fault) => !isFault(fault))).toEqual([]);
});

test.each(['docs/causes.md', 'docs/runbook.md'])('every cause has its section in %s', (page) => {
  const anchors = anchorsOf(page);
  expect(causeIds.filter((id) => !anchors.has(id))).toEqual([]);
});

test('every section of the runbook says what happened, how bad, and how to see, to mend and to prove it', () => {
  const [, ...sections] = readFileSync(join(project, 'docs/runbook.md'), 'utf8').split(/^### /m);
  expect(sections.length).toBeGreaterThan(causeIds.length);
  for (const section of sections) {
    const parts = [...section.matchAll(/^\*\*(.+?)\.\*\*/gm)].map(([, part]) => part);
    const five = ['What happened', 'How bad', 'See it', 'Mend it', 'Prove it'];
    expect([section.split('\n')[0], parts.filter((part) => five.includes(part ?? ''))]).toEqual([
      section.split('\n')[0],
      five,
    ]);
    // Nothing between two of them would be a part that says nothing.
    expect(section).not.toMatch(/^\*\*(See|Mend|Prove) it\.\*\*\s+(\*\*(Mend|Prove) it|(?![\s\S]))/m);
  }
});

test('the check sees a dead link, a dead anchor and an unknown option', () => {
  expect(leadsSomewhere('README.md', 'docs/nowhere.md')).toBe(false);
  expect(leadsSomewhere('README.md', 'docs/causes.md#no-cause')).toBe(false);
  expect(leadsSomewhere('README.md', '#no-heading')).toBe(false);
  expect(linksOf('[a](docs/a.md) `[b](b.md)`\n```\n[c](c.md)\n```\n![d](d.svg "title")')).toEqual([
    'docs/a.md',
    'd.svg',
  ]);
  expect(optionsOfStart('`npm start -- --kep` and `--fault NAME`, not `--region`')).toEqual(['--kep']);
});

/** Targets of links and pictures, but for those in code and those with a scheme. */
function linksOf(text: string): readonly string[] {
  const prose = withoutFences(text).replaceAll(/`[^`\n]*`(?!\])/g, '');
  return [...prose.matchAll(/\]\(([^)\s]+)(?: "[^"]*")?\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^[a-z][a-z0-9+.-]*:/.test(target));
}

function leadsSomewhere(page: string, link: string): boolean {
  const [path = '', anchor] = link.split('#', 2);
  const target = path === '' ? page : relative(project, join(project, dirname(page), decodeURI(path)));
  if (target.startsWith('..') || !existsSync(join(project, target))) return false;
  if (anchor === undefined) return true;
  return statSync(join(project, target)).isFile() && anchorsOf(target).has(anchor);
}

/** As GitHub makes them: lower case, punctuation gone, hyphens for spaces. */
function anchorsOf(page: string): ReadonlySet<string> {
  const text = withoutFences(readFileSync(join(project, page), 'utf8'));
  return new Set(
    [...text.matchAll(/^#{1,6} +(.+)$/gm)].map(([, heading = '']) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
        .trim()
        .replaceAll(' ', '-'),
    ),
  );
}

/** Options in commands that begin with `npm start`, wherever they stand. */
function optionsOfStart(text: string): readonly string[] {
  const commands = [...text.matchAll(/npm start(?: -s)? -- ([^`\n]*)/g)].map(([, words = '']) => words);
  return commands.flatMap((words) => words.match(/(?<=^|\s)--[a-z][a-z-]*/g) ?? []);
}

/** Options that stand alone in code, `--dir DIR`: of npm start, but for those of sls. */
function optionsAlone(text: string): readonly string[] {
  const alone = [...withoutFences(text).matchAll(/`(--[a-z][a-z-]*)[^`\n]*`/g)].map(
    ([, option = '']) => option,
  );
  return alone.filter((option) => !['--region', '--stage', '--param'].includes(option));
}

const isFault = (name: string): boolean => faultNames.some((fault) => fault === name);

function withoutFences(text: string): string {
  return text.replaceAll(/^ *```[\s\S]*?^ *```/gm, '');
}

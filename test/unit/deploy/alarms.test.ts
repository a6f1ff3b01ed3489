import { describe, expect, test } from '@jest/globals';
import { alarmResources } from '../../../deploy/alarms.ts';
import { dashboardResources } from '../../../deploy/dashboard.ts';
import { runbookPage } from '../../../deploy/runbook/runbook-page.ts';
import type { Plan } from '../../../functions/config/plan.ts';
import { aPlan } from '../escalation/a-notice.ts';

const context = { name: 'lifeboat-prod', runbook: 'https://example.org/runbook' };
type Resource = { readonly Type: string; readonly Properties: Readonly<Record<string, unknown>> };
const resources = (...plans: readonly Plan[]) =>
  Object.values({ ...alarmResources(context, plans), ...dashboardResources(context, plans) }) as Resource[];
const ofType = (type: string, ...plans: readonly Plan[]) =>
  resources(...plans)
    .filter(({ Type }) => Type === `AWS::CloudWatch::${type}`)
    .map(({ Properties }) => Properties);

describe('what watches a plan', () => {
  test('says what it means and leads to a section of the runbook that is there', () => {
    const page = runbookPage();
    const alarms = [...ofType('Alarm', aPlan()), ...ofType('CompositeAlarm', aPlan())];
    expect(alarms).toHaveLength(8);
    for (const { AlarmDescription } of alarms) {
      const text = String(AlarmDescription);
      expect(text).toMatch(/^\*\*.+\*\*/);
      expect(text.length).toBeLessThanOrEqual(1024);
      const anchor = /https:\/\/example\.org\/runbook#([a-z-]+)$/.exec(text)?.[1] ?? 'none';
      expect(page).toMatch(new RegExp(`^#+ ${anchor}$`, 'im'));
    }
  });

  test('pages its own topic, by the composite alarms alone', () => {
    const topic = (name: string) => `arn:aws:sns:ap-southeast-1:123456789012:${name}`;
    const alarms = { shareFree: 0.1, shareDays: 14 };
    const plans = [
      aPlan({ alarms: { ...alarms, topic: topic('web') } }),
      aPlan({ name: 'acme-db', alarms: { ...alarms, topic: topic('db') } }),
      aPlan({ name: 'acme-silent' }),
    ];
    const paged = Object.fromEntries(
      ofType('CompositeAlarm', ...plans).map(({ AlarmName, AlarmActions, OKActions }) => {
        expect(OKActions).toEqual(AlarmActions);
        return [AlarmName, AlarmActions];
      }),
    );
    expect(paged).toEqual({
      'lifeboat-prod/acme-web': [topic('web')],
      'lifeboat-prod/acme-db': [topic('db')],
      'lifeboat-prod/acme-silent': undefined,
      'lifeboat-prod-functions': [topic('web'), topic('db')],
    });
    for (const alarm of ofType('Alarm', ...plans)) expect(alarm).not.toHaveProperty('AlarmActions');
  });

  test('has names of its own, however plans are called', () => {
    const plans = ['functions', 'web', 'web-not-protected', 'function-errors'].map((name) => aPlan({ name }));
    const names = [...ofType('Alarm', ...plans), ...ofType('CompositeAlarm', ...plans)].map(
      ({ AlarmName }) => AlarmName,
    );
    expect(new Set(names).size).toBe(names.length);
  });

  test('costs what docs/deploy.md says', () => {
    const metricsOf = (alarm: Readonly<Record<string, unknown>>) =>
      Array.isArray(alarm.Metrics) ? alarm.Metrics.filter((each) => 'MetricStat' in each).length : 1;
    const cost = (...plans: readonly Plan[]) =>
      ofType('Alarm', ...plans).reduce((sum, alarm) => sum + 10 * metricsOf(alarm), 0) +
      50 * ofType('CompositeAlarm', ...plans).length;
    const functions = 90;
    expect(cost(aPlan()) - functions).toBe(90);
    expect(cost(aPlan(), aPlan({ name: 'other' })) - functions).toBe(180);
    const { alarms: _, ...unwatched } = aPlan();
    expect(cost(unwatched)).toBe(0);
    expect(ofType('Dashboard', aPlan(), aPlan({ name: 'none', dashboard: false }))).toHaveLength(1);
  });

  test('never looks further back than CloudWatch can', () => {
    for (const hours of [1, 11.9, 12, 12.1, 28, 100, 168]) {
      const [alarm] = ofType('Alarm', aPlan({ objectiveMinutes: hours * 60 })).filter(({ AlarmName }) =>
        String(AlarmName).endsWith('/no-good-run'),
      );
      const period = JSON.stringify(alarm).includes('"Period":300') ? 300 : 3_600;
      const seconds = Number(alarm?.EvaluationPeriods) * period;
      expect(seconds).toBeGreaterThanOrEqual(hours * 3_600);
      expect(seconds).toBeLessThanOrEqual(period === 300 ? 86_400 : 7 * 86_400);
      expect(seconds - hours * 3_600).toBeLessThan(period);
    }
  });
});

test('a dashboard is JSON whose widgets lie within the grid and do not overlap', () => {
  const [dashboard] = ofType('Dashboard', aPlan());
  const body = bodyOf(dashboard?.DashboardBody);
  const taken = new Set<string>();
  for (const { x, y, width, height } of body.widgets) {
    expect(x + width).toBeLessThanOrEqual(24);
    for (let column = x; column < x + width; column += 1)
      for (let row = y; row < y + height; row += 1) {
        expect(taken.has(`${column} ${row}`)).toBe(false);
        taken.add(`${column} ${row}`);
      }
  }
  expect(body.widgets.map(({ type }) => type)).toEqual(expect.arrayContaining(['text', 'alarm', 'metric']));
});

type Widget = Readonly<Record<'x' | 'y' | 'width' | 'height', number>> & { readonly type: string };

const bodyOf = (value: unknown): { readonly widgets: readonly Widget[] } =>
  JSON.parse(String(Reflect.get(Object(value), 'Fn::Sub')));

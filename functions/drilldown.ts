import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import middy from '@middy/core';
import type { Context } from 'aws-lambda';
import { planNamed } from './config/deployed-plans.ts';
import { readEnvironment } from './config/environment.ts';
import { BadEvent } from './config/events.ts';
import { readWidgetEvent, type View } from './config/widget-event.ts';
import { budgetOf } from './fleet/aws-client.ts';
import { widgetDescription, widgetMistake, widgetPage } from './pages/widget-page.ts';
import { drillDown } from './pipeline/drill-down.ts';
import { planOfRun } from './pipeline/run-id.ts';
import { openBucket } from './state/s3-documents.ts';
import { openIncidents, openLogs, openOverviews, openRuns } from './state/stores.ts';
import { logger } from './telemetry/log.ts';

const environment = readEnvironment(process.env);
const endpoints = {
  drilldown: environment.drilldownArn,
  dispatch: environment.dispatchArn,
  check: environment.checkArn,
};

/** A CloudWatch custom widget: answers HTML, or its documentation. It reads and changes nothing. */
const drilldown = async (raw: unknown, context: Context): Promise<string | { readonly markdown: string }> => {
  try {
    const event = readWidgetEvent(raw);
    if (event.kind === 'describe') return { markdown: widgetDescription };
    const bucket = openBucket(
      environment.region,
      environment.bucket,
      budgetOf(context.getRemainingTimeInMillis()),
    );
    const doors = {
      clock: { now: () => new Date() },
      runs: openRuns(bucket),
      incidents: openIncidents(bucket),
      overviews: openOverviews(bucket),
      logs: openLogs(bucket),
    };
    const sight = await drillDown(doors, planNamed(planOf(event.view)), event.view);
    return widgetPage(sight, event.view, { theme: event.theme, runbook: environment.runbookUrl, endpoints });
  } catch (error) {
    if (!(error instanceof BadEvent)) throw error;
    return widgetMistake(error.message, 'light');
  }
};

const planOf = (view: View): string => (view.kind === 'night' ? (planOfRun(view.run) ?? '') : view.plan);

export const handler = middy(drilldown).use(injectLambdaContext(logger, { resetKeys: true }));

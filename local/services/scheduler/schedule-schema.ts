import { z } from 'zod';

/** Limits and patterns: botocore 1.43, scheduler/2021-06-30. */
export const groupNameSchema = z
  .string()
  .min(1)
  .max(64)
  .regex(/^[0-9a-zA-Z-_.]+$/);

export const scheduleNameSchema = groupNameSchema;

const targetSchema = z.object({
  Arn: z.string().min(1).max(1600),
  RoleArn: z
    .string()
    .min(1)
    .max(1600)
    .regex(/^arn:aws(-[a-z]+)?:iam::\d{12}:role\/[\w+=,.@/-]+$/),
  Input: z.string().min(1).optional(),
  DeadLetterConfig: z
    .object({
      Arn: z
        .string()
        .min(1)
        .max(1600)
        .regex(/^arn:aws(-[a-z]+)?:sqs:[a-z0-9-]+:\d{12}:[a-zA-Z0-9\-_]+$/)
        .optional(),
    })
    .optional(),
  RetryPolicy: z
    .object({
      MaximumEventAgeInSeconds: z.int().min(60).max(86_400).optional(),
      MaximumRetryAttempts: z.int().min(0).max(185).optional(),
    })
    .optional(),
});

const notOffered = z
  .unknown()
  .optional()
  .refine((value) => value === undefined, { message: 'Local AWS does not offer this member' });

/** The parameters of CreateSchedule and UpdateSchedule. Start and end dates are not offered, and said so. */
export const scheduleSchema = z
  .object({
    Name: scheduleNameSchema,
    GroupName: groupNameSchema.default('default'),
    ScheduleExpression: z.string().min(1).max(256),
    ScheduleExpressionTimezone: z.string().min(1).max(50).default('UTC'),
    State: z.enum(['ENABLED', 'DISABLED']).default('ENABLED'),
    Description: z.string().max(512).optional(),
    ActionAfterCompletion: z.enum(['NONE', 'DELETE']).default('NONE'),
    ClientToken: z
      .string()
      .min(1)
      .max(64)
      .regex(/^[a-zA-Z0-9-_]+$/)
      .optional(),
    FlexibleTimeWindow: z
      .object({
        Mode: z.enum(['OFF', 'FLEXIBLE']),
        MaximumWindowInMinutes: z.int().min(1).max(1440).optional(),
      })
      .refine(
        ({ Mode, MaximumWindowInMinutes: window }) => (Mode === 'FLEXIBLE') === (window !== undefined),
        {
          message:
            'MaximumWindowInMinutes must be given when Mode is FLEXIBLE, and must not be when it is OFF',
        },
      ),
    StartDate: notOffered,
    EndDate: notOffered,
    Target: targetSchema,
  })
  .refine(({ ScheduleExpressionTimezone: zone }) => isTimeZone(zone), {
    path: ['ScheduleExpressionTimezone'],
    message: 'Member must be a time zone of the IANA database',
  });

export type ScheduleInput = z.infer<typeof scheduleSchema>;

const isTimeZone = (name: string): boolean => {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }) !== undefined;
  } catch {
    return false;
  }
};

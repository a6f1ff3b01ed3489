import { z } from 'zod';
import { refuse, text } from './plan-fields.ts';
import { key } from './plan-key.ts';

const aGroup = 'the name of an Auto Scaling group: at most 255 ASCII characters, no colon';
const groupName = z
  .string({ error: aGroup })
  .check(({ value, issues }) => {
    if (!value.startsWith('arn:')) return;
    const wrong =
      'This ARN names an account and a region, and a deployment saves the groups of its own account and region alone.';
    const allowed =
      'the name of the group, in a deployment in that account and region (docs/deploy.md, "Several regions or accounts")';
    refuse(issues, value, wrong, { allowed });
  })
  .regex(/^(?! )[ -9;-~]{1,255}(?<! )$/, aGroup);
const listed = 'a list of 1 to 50';
const tagValue = text(
  /^[^\p{Cc}]{1,256}$/u,
  'text of at most 256 characters; numbers and true/false in quotes',
);

export const fleet = z
  .strictObject(
    {
      groups: key(
        z.array(groupName, `${listed} names`).min(1, `${listed} names`).max(50, `${listed} names`),
        {
          description: 'Names of the Auto Scaling groups whose instances are backed up.',
          examples: [['acme-web']],
        },
      ),
      tags: key(
        z
          .record(
            // Run Command takes target keys of 163 characters, `tag:` included (TargetKey, botocore 1.43).
            text(
              /^[\p{L}\p{Zs}\p{N}_.:/=@-]{1,128}$/u,
              'a tag key: letters, digits, spaces and _ . : / = @ -',
            ),
            z.union(
              [
                tagValue,
                z.array(tagValue, `${listed} values`).min(1, `${listed} values`).max(50, `${listed} values`),
              ],
              'a value, or a list of 1 to 50 values; numbers and true/false in quotes',
            ),
            'a section of 1 to 5 tags, each with a value or a list of values',
          )
          .check(({ value, issues }) => {
            const tags = Object.keys(value).length;
            const message = 'a section of 1 to 5 tags, each with a value or a list of values';
            if (tags < 1 || tags > 5) issues.push({ code: 'custom', input: value, message });
          }),
        {
          description:
            'Instances that carry all of these tags, each with one of the values named. For instances outside of Auto Scaling groups.',
          examples: [{ Role: 'web', Stage: ['prod', 'staging'] }],
          insteadOf: '`groups`',
        },
      ),
    },
    'a section with `groups` or `tags`',
  )
  .meta({ oneOf: [{ required: ['groups'] }, { required: ['tags'] }] });

import type { LocalStack } from '../contract.ts';
import { AwsFailure } from '../protocol/failure.ts';
import type { AskedWorld, AskingCall } from './asking.ts';
import { asksOf } from './asks.ts';
import { type Ask, type Decision, decide } from './decide.ts';
import { managedInstanceCore } from './managed-instance-core.ts';
import type { Statement } from './statement.ts';

/** A role of the template, with everything that its policies say. */
export type Role = {
  readonly arn: string;
  readonly name: string;
  readonly statements: readonly Statement[];
  /** Who may take it. */
  readonly trust: readonly Statement[];
};

/** What somebody asked for, and whether it was allowed. */
export type Asked = Ask & {
  /** A function's name, an instance's id, or a role's name where a service acts in it. */
  readonly by: string;
  readonly decision: Decision | 'denied-by-resource';
};

export type Guard = {
  /** Throws what AWS answers where the caller's role does not allow it. Whoever has no role, a person, may do everything. */
  readonly authorize: (call: CallerOf & AskingCall) => Promise<void>;
  /** The same as a question, for what is called in somebody's name where nobody hears an answer. */
  readonly permits: (call: CallerOf & AskingCall) => Promise<boolean>;
  /** One thing that a service asks for in the name of a function. */
  readonly may: (caller: string, ask: Ask) => boolean;
  /** One thing that a service asks for in a role that was passed to it. */
  readonly mayInRole: (roleArn: string, service: string, ask: Ask) => boolean;
  /** One thing that a service asks for in its own name: what it acts on has to allow it. */
  readonly mayService: (service: string, ask: Ask) => boolean;
  /** Each different question that was asked, once, oldest first. */
  readonly asked: () => readonly Asked[];
  /** Who a caller is, as GetCallerIdentity and errors name it. */
  readonly arnOf: (caller: string) => string;
};

type CallerOf = { readonly caller: string };

type GuardOptions = {
  readonly stack: Pick<LocalStack, 'functions' | 'roles' | 'instanceStatements' | 'resourceStatements'>;
  readonly world: AskedWorld;
};

export const openGuard = ({ stack, world }: GuardOptions): Guard => {
  const { judge, asked } = openJudge(stack.resourceStatements);
  const roleOf = (caller: string): Role | undefined => {
    const fn = stack.functions.find(({ name }) => name === caller);
    return stack.roles.find(({ arn }) => arn === fn?.roleArn);
  };
  const statementsOf = (caller: string): readonly Statement[] =>
    isInstance(caller)
      ? [...managedInstanceCore, ...stack.instanceStatements]
      : (roleOf(caller)?.statements ?? []);
  const arnOf = (caller: string): string => {
    if (caller === person) return `arn:${world.partition}:iam::${world.account}:user/local`;
    const role = isInstance(caller) ? instanceRole : (roleOf(caller)?.name ?? caller);
    return `arn:${world.partition}:sts::${world.account}:assumed-role/${role}/${caller}`;
  };
  const refused = async (call: CallerOf & AskingCall): Promise<Asked | undefined> => {
    if (call.caller === person) return undefined;
    const statements = statementsOf(call.caller);
    for (const ask of await asksOf(call, world)) {
      const question = judge(call.caller, statements, ask);
      if (question.decision !== 'allowed') return question;
    }
    return undefined;
  };
  return {
    arnOf,
    asked,
    authorize: async (call) => {
      const question = await refused(call);
      if (question !== undefined) throw refusal(call.service, arnOf(call.caller), question);
    },
    permits: async (call) => (await refused(call)) === undefined,
    may: (caller, ask) => judge(caller, statementsOf(caller), ask).decision === 'allowed',
    mayInRole: (roleArn, service, ask) => {
      const role = stack.roles.find(({ arn }) => arn === roleArn);
      if (role === undefined) return false;
      const taking = {
        action: 'sts:AssumeRole',
        resource: roleArn,
        context: { 'aws:SourceAccount': world.account },
      };
      const isTrusted = decide(speakingOf(service, role.trust), taking) === 'allowed';
      return isTrusted && judge(role.name, role.statements, ask).decision === 'allowed';
    },
    mayService: (service, ask) =>
      judge(service, speakingOf(service, stack.resourceStatements), ask).decision === 'allowed',
  };
};

/** Decides by somebody's own statements and by those that a bucket or a queue has for everybody. */
const openJudge = (resourceStatements: readonly Statement[]) => {
  const forEverybody = speakingOf('*', resourceStatements);
  const asked = new Map<string, Asked>();
  return {
    asked: () => [...asked.values()],
    judge: (by: string, statements: readonly Statement[], ask: Ask): Asked => {
      const decision =
        decide(forEverybody, ask) === 'denied' ? 'denied-by-resource' : decide(statements, ask);
      const question: Asked = { by, ...ask, decision };
      const key = JSON.stringify(question);
      if (!asked.has(key)) asked.set(key, question);
      return question;
    },
  };
};

const speakingOf = (principal: string, statements: readonly Statement[]): readonly Statement[] =>
  statements.filter(({ principals }) => principals?.includes(principal));

/** How the record of calls names whoever is no function and no instance. */
const person = 'cli';

/** The name of the role that instances are played with: AmazonSSMManagedInstanceCore and the template's own policy. */
const instanceRole = 'instances';

const isInstance = (caller: string): boolean => /^m?i-[0-9a-f]+$/.test(caller);

/** Each service has its own code and status for it; S3 quotes the resource. */
const refusal = (service: string, who: string, question: Asked): AwsFailure => {
  const { action, resource } = question;
  const where = service === 's3' ? `"${resource}"` : resource;
  const message = `User: ${who} is not authorized to perform: ${action} on resource: ${where} ${reasonOf(question)}`;
  switch (service) {
    case 'ec2':
      return new AwsFailure(
        'UnauthorizedOperation',
        `You are not authorized to perform this operation. ${message}`,
        403,
      );
    case 's3':
    case 'autoscaling':
    case 'cloudwatch':
      return new AwsFailure('AccessDenied', message, 403);
    case 'scheduler':
    case 'lambda':
      return new AwsFailure('AccessDeniedException', message, 403);
    default:
      return new AwsFailure('AccessDeniedException', message, 400);
  }
};

const reasonOf = ({ action, decision }: Asked): string => {
  switch (decision) {
    case 'denied':
      return 'with an explicit deny in an identity-based policy';
    case 'denied-by-resource':
      return 'with an explicit deny in a resource-based policy';
    default:
      return `because no identity-based policy allows the ${action} action`;
  }
};

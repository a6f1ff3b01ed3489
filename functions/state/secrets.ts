import { GetParameterCommand, ParameterNotFound, SSMClient } from '@aws-sdk/client-ssm';
import { clientConfig } from '../fleet/aws-client.ts';

/** Reads SecureStrings from SSM Parameter Store. What they hold goes to the caller alone and into no message. */
export const openSecrets =
  (region: string, abortSignal: AbortSignal) =>
  async (name: string): Promise<string> => {
    const client = new SSMClient(clientConfig(region));
    try {
      const input = { Name: name, WithDecryption: true };
      const { Parameter } = await client.send(new GetParameterCommand(input), { abortSignal });
      const value = Parameter?.Value?.trim() ?? '';
      if (value === '') throw new Error(`The SSM parameter ${name} is empty; store the secret in it.`);
      return value;
    } catch (error) {
      if (!(error instanceof ParameterNotFound)) throw error;
      throw new Error(
        `The SSM parameter ${name} does not exist; store the secret: ` +
          `aws ssm put-parameter --type SecureString --name ${name} --value …`,
      );
    }
  };

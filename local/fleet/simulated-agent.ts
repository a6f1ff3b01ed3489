import type { AgentOrder, Simulation, StepOutput } from '../contract.ts';
import type { LocalAgent } from './agent.ts';
import { readDocument } from './document.ts';

/** An agent that only plays: what the document's script would say is asked of `simulation`, nothing runs. */
export const simulatedAgent = (
  simulation: Simulation,
  { agentVersion, reports }: { readonly agentVersion: string; readonly reports: () => boolean },
): LocalAgent => ({
  agent: {
    run: async (order) => {
      const outputs = outputsOf(simulation, order, agentVersion);
      await new Promise((resolve) => setImmediate(resolve));
      return reports() ? outputs : new Promise<never>(() => undefined);
    },
    cancel: () => undefined,
  },
  killEverything: async () => undefined,
});

const outputsOf = (
  simulation: Simulation,
  order: AgentOrder,
  agentVersion: string,
): readonly StepOutput[] => {
  const [step] = readDocument(order.document, order.parameters, agentVersion).steps;
  const { stdout, stderr, exitCode } = simulation(order);
  const status = exitCode === 0 ? 'Success' : 'Failed';
  return [
    {
      ...{ name: step?.name ?? 'document', plugin: step?.action ?? 'aws:runShellScript' },
      ...{ status, statusDetails: status, responseCode: exitCode, stdout, stderr },
    },
  ];
};

/** What runner and function process say to each other over the process's IPC channel. */
export type Invoke = {
  readonly kind: 'invoke';
  readonly requestId: string;
  /** JSON text. */
  readonly payload: string;
  readonly functionArn: string;
  readonly traceId: string;
  readonly timeoutMilliseconds: number;
  /** How far the local clock is ahead of the machine's. */
  readonly clockOffsetMilliseconds: number;
};

export type FromFunction =
  | { readonly kind: 'ready' }
  | { readonly kind: 'answer'; readonly requestId: string; readonly payload: string }
  /** `requestId` is absent while the module is loaded. A fatal error is the process's last word. */
  | {
      readonly kind: 'error';
      readonly requestId?: string;
      readonly payload: string;
      readonly fatal: boolean;
    };

/** Ends what an invocation wrote to a stream: everything before this line belongs to it. */
export const endMark = (requestId: string): string => `\u0000end ${requestId}`;

/** What nobody could take. On AWS it ends in a queue; here it is kept for people and tests to look at. */
export type DeadLetter = {
  readonly at: Date;
  readonly from: 'function' | 'rule' | 'schedule';
  /** Who sent it: the ARN of a rule or schedule, or who invoked the function. */
  readonly source: string;
  /** ARN of the queue or failure destination; undefined where none is set and AWS would have dropped it. */
  readonly queueArn?: string;
  /** ARN of the function that should have taken it. */
  readonly targetArn: string;
  /** AWS's word for why, for instance `RetriesExhausted` or `ResourceNotFoundException`. */
  readonly reason: string;
  /** What would lie in the queue: JSON text. */
  readonly body: string;
};

export type DeadLetters = {
  readonly put: (letter: DeadLetter) => void;
  /** Oldest first. */
  readonly all: () => readonly DeadLetter[];
  /** Somebody has dealt with them. */
  readonly remove: (letters: readonly DeadLetter[]) => void;
};

/** `changed`: told of each letter that came or went, when it has. */
export const openDeadLetters = (changed: (letter: DeadLetter) => void = () => undefined): DeadLetters => {
  let letters: readonly DeadLetter[] = [];
  return {
    put: (letter) => {
      letters = [...letters, letter];
      changed(letter);
    },
    all: () => letters,
    remove: (gone) => {
      letters = letters.filter((letter) => !gone.includes(letter));
      for (const letter of gone) changed(letter);
    },
  };
};

/** Names the process in the ledger while it talks to a gateway. */
export interface Senders {
  /** A name for one exchange of this process, unique for ever. */
  next(): string;
  /** False only when the process behind the name is certainly gone. */
  mayBeAlive(name: string): boolean;
}

/** Facts for the operator; values are scrubbed of secrets by the writer. */
export interface Log {
  info(event: string, facts?: Readonly<Record<string, unknown>>): void;
  warn(event: string, facts?: Readonly<Record<string, unknown>>): void;
  error(event: string, facts?: Readonly<Record<string, unknown>>): void;
}

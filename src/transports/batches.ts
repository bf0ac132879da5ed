import type { JSONRPCMessage } from '@modelcontextprotocol/server';

type Id = string | number;
interface Batch {
  readonly open: Set<Id>;
  readonly answers: unknown[];
}

/** Answers to the requests of a batch go out together, when the last of them is there (JSON-RPC 2.0, §6). */
export class Batches {
  readonly #byId = new Map<Id, Batch>();

  /**
   * @param ids of the requests in it
   * @param answers that are known already, for what was no request
   * @returns the answer, if there is nothing to wait for
   */
  open(ids: readonly Id[], answers: readonly unknown[]): readonly unknown[] | undefined {
    const batch: Batch = { open: new Set(ids), answers: [...answers] };
    for (const id of ids) this.#byId.set(id, batch);
    return ids.length === 0 && answers.length > 0 ? batch.answers : undefined;
  }

  /** Whether an answer waits for others; and then all of them, once they are there. */
  hold(message: JSONRPCMessage): 'alone' | 'held' | readonly unknown[] {
    const id = 'method' in message ? undefined : message.id;
    const batch = id === undefined ? undefined : this.#byId.get(id);
    if (id === undefined || !batch) return 'alone';
    batch.answers.push(message);
    return this.#settle(id, batch) ?? 'held';
  }

  /** A request that was cancelled gets no answer, and the others do not wait for it. */
  cancel(id: unknown): readonly unknown[] | undefined {
    const batch = this.#byId.get(id as Id);
    return batch && this.#settle(id as Id, batch);
  }

  #settle(id: Id, { open, answers }: Batch): readonly unknown[] | undefined {
    this.#byId.delete(id);
    open.delete(id);
    return open.size === 0 && answers.length > 0 ? answers : undefined;
  }
}

import type { RequestId } from '@modelcontextprotocol/server';

/**
 * What an upstream asks the client. One that was started again begins its ids anew, and an answer to its predecessor
 * must not be taken for one to it.
 */
export class Questions {
  readonly #open = new Map<RequestId, { readonly epoch: number; readonly id: RequestId }>();

  /** The id under which the client is asked. @param epoch of the upstream that asks */
  ask(id: RequestId, epoch: number): RequestId {
    const told = idFor(id, epoch);
    this.#open.set(told, { epoch, id });
    return told;
  }

  /** As {@link ask}; the answer is not wanted any more. */
  withdraw(id: RequestId, epoch: number): RequestId {
    const told = idFor(id, epoch);
    this.#open.delete(told);
    return told;
  }

  /** The id of the question that an upstream of this epoch has asked; undefined where none has. */
  answered(told: RequestId, epoch: number): RequestId | undefined {
    const asked = this.#open.get(told);
    this.#open.delete(told);
    return asked?.epoch === epoch ? asked.id : undefined;
  }
}

function idFor(id: RequestId, epoch: number): RequestId {
  return epoch === 1 ? id : `${epoch}/${typeof id === 'number' ? '#' : ''}${id}`;
}

import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { RandomBytes } from '../domain/clock.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { sharedKey } from '../ledger/shared-key.ts';

const RANDOM_BYTES = 18;
const SEAL_BYTES = 18;
/** Of the first byte, the bit that says it. */
const APPS = 1;
const FORM = /^[\w-]{48}$/;

/** Opens and recognises ids of sessions, whichever process on the ledger has given them out. */
export class SessionIds {
  readonly #ledger: Ledger;
  readonly #randomBytes: RandomBytes;
  #key: Promise<Buffer> | undefined;

  constructor(ledger: Ledger, randomBytes: RandomBytes) {
    this.#ledger = ledger;
    this.#randomBytes = randomBytes;
  }

  /**
   * Rejects while the ledger cannot be read for the first time.
   * @param showsApps kept in it, for whichever process answers later
   */
  async next(caller: string, showsApps = false): Promise<string> {
    const random = this.#randomBytes(RANDOM_BYTES);
    random.writeUInt8((random.readUInt8() & ~APPS) | (showsApps ? APPS : 0));
    return Buffer.concat([random, seal(await this.#keyOf(), random, caller)]).toString('base64url');
  }

  /** Whether it was given out to this caller. Rejects as {@link next}. */
  async isOf(id: string, caller: string): Promise<boolean> {
    if (!FORM.test(id)) return false;
    const bytes = Buffer.from(id, 'base64url');
    const [random, sealed] = [bytes.subarray(0, RANDOM_BYTES), bytes.subarray(RANDOM_BYTES)];
    return timingSafeEqual(sealed, seal(await this.#keyOf(), random, caller));
  }

  #keyOf(): Promise<Buffer> {
    this.#key ??= sharedKey(this.#ledger, 'session_key', this.#randomBytes).catch((error: unknown) => {
      this.#key = undefined;
      throw error;
    });
    return this.#key;
  }
}

/** Whether the client of a session, by an id that {@link SessionIds.isOf} knows, shows views. */
export function showsAppsIn(id: string): boolean {
  return (Buffer.from(id, 'base64url').readUInt8() & APPS) !== 0;
}

/** As which a session stands in the ledger: who reads it there cannot use it. */
export function digestOf(id: string): string {
  return createHash('sha256').update(id).digest('base64url');
}

function seal(key: Buffer, random: Buffer, caller: string): Buffer {
  return createHmac('sha256', key).update(random).update(caller).digest().subarray(0, SEAL_BYTES);
}

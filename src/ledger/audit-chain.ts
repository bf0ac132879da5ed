import crypto, { createHash } from 'node:crypto';

/** What a link's hash covers, besides the link before it. Instants in ms. */
export interface Link {
  readonly seq: number;
  readonly at: number;
  readonly kind: string;
  readonly caller: string;
  readonly tool: string | undefined;
  /** Links what one call did. */
  readonly call: string | undefined;
  readonly outTradeNo: string | undefined;
  readonly outRefundNo: string | undefined;
  /** The bytes as they are stored. */
  readonly detailJson: string;
}

/** A link as it stands in the trail. */
export interface StoredLink extends Link {
  readonly hash: string;
}

/** The newest link as the ledger noted it when it was written. */
export interface Head {
  readonly seq: number;
  readonly hash: string;
}

/**
 * The hash of a link, hex. JSON keeps the members apart, so that no two links have the same text.
 * @param before hash of the link before; the ledger's id for the first
 */
export function linkHash(before: string, link: Link): string {
  const { seq, at, kind, caller, tool, call, outTradeNo, outRefundNo, detailJson } = link;
  return sha256(
    JSON.stringify([before, seq, at, kind, caller, tool, call, outTradeNo, outRefundNo, detailJson]),
  );
}

/**
 * The link behind `before`, told as the JSON array that its hash is over from behind its number on. Undefined where it
 * does not follow: {@link ChainWalk} says why, and takes longer.
 */
export function follow(before: Head, link: Head & { readonly text: string }): Head | undefined {
  const { seq } = link;
  if (seq !== before.seq + 1) return undefined;
  // What comes first is the ledger's id, which may have been made anything.
  const start = seq === 1 ? JSON.stringify(before.hash) : `"${before.hash}"`;
  const hash = sha256(`[${start},${seq},${link.text}`);
  return hash === link.hash ? { seq, hash } : undefined;
}

/** Hex; in one go where Node can (20.12), which takes half the time: a trail has millions of links. */
export const sha256: (text: string) => string =
  'hash' in crypto
    ? (text) => crypto.hash('sha256', text, 'hex')
    : (text) => createHash('sha256').update(text).digest('hex');

/**
 * What a broken trail looks like. `edited`: this record, or one before it that was hashed anew. `broken`: from here on
 * nothing links, as after a deletion with renumbering. `replaced`: it links, but the newest record is not the one that
 * was written. `headless`: the note of the newest record is gone.
 */
export type Look = 'edited' | 'missing' | 'added' | 'moved' | 'broken' | 'cut-off' | 'replaced' | 'headless';

/** Where a trail is first wrong. */
export interface ChainFault {
  readonly look: Look;
  readonly seq: number;
  /** Last of the missing, or where a moved record had stood. */
  readonly other?: number;
}

/** So many links on either side are looked through to say what happened to a broken one. */
export const NEAR = 32;

/** Walks a trail link by link, lowest number first, and stops at the first that does not follow. */
export class ChainWalk {
  #seq: number;
  #hash: string;
  readonly #near: StoredLink[] = [];
  #suspect: StoredLink | undefined;
  readonly #after: StoredLink[] = [];

  /** @param from the link that the first one follows; seq 0 and the ledger's id at the beginning */
  constructor(from: Head) {
    this.#seq = from.seq;
    this.#hash = from.hash;
  }

  /** The last link that was found right; where the walk began when none was yet. */
  get proven(): Head {
    return { seq: this.#seq, hash: this.#hash };
  }

  /** Whether the link follows. False ends the walk for all later ones too; some of them still help to say why. */
  add(link: StoredLink): boolean {
    if (this.#suspect) {
      if (this.#after.length < NEAR) this.#after.push(link);
      return false;
    }
    if (link.seq !== this.#seq + 1 || linkHash(this.#hash, link) !== link.hash) {
      this.#suspect = link;
      return false;
    }
    this.#seq = link.seq;
    this.#hash = link.hash;
    this.#near[link.seq % NEAR] = link;
    return true;
  }

  /** Whether a link did not follow. */
  get broken(): boolean {
    return this.#suspect !== undefined;
  }

  /**
   * @param head what the ledger noted of its newest link; undefined when there is no such note
   * @param count how many links there are at all, also those that no number leads to
   */
  end(head: Head | undefined, count: number): ChainFault | undefined {
    if (this.#suspect) return this.#explain(this.#suspect, head);
    const next = this.#seq + 1;
    if (count !== this.#seq) return { look: 'added', seq: next };
    if (head === undefined) return this.#seq === 0 ? undefined : { look: 'headless', seq: this.#seq };
    if (head.seq > this.#seq) return { look: 'cut-off', seq: next, other: head.seq };
    if (head.seq < this.#seq) return { look: 'added', seq: Math.max(1, head.seq + 1) };
    return head.hash === this.#hash ? undefined : { look: 'replaced', seq: Math.max(1, this.#seq) };
  }

  #explain(link: StoredLink, head: Head | undefined): ChainFault {
    const seq = this.#seq + 1;
    if (link.seq > seq) return { look: 'missing', seq, other: link.seq - 1 };
    if (link.seq !== seq) return { look: 'added', seq };
    const [next] = this.#after;
    const goesOn = (hash: string) =>
      next === undefined ? head?.seq === seq && head.hash === hash : linkHash(hash, next) === next.hash;
    if (goesOn(link.hash) || goesOn(linkHash(this.#hash, link))) return { look: 'edited', seq };
    const from = this.#placeOf(link);
    if (from !== undefined) return { look: 'moved', seq, other: from };
    if (next && linkHash(this.#hash, { ...next, seq }) === next.hash) return { look: 'added', seq };
    return { look: 'broken', seq };
  }

  /** Where a link stood when it was written, if its hash proves that. */
  #placeOf(link: StoredLink): number | undefined {
    for (const before of [...this.#near, ...this.#after]) {
      if (before === undefined) continue;
      // Of two neighbours that changed places, the one before stands where this one stood.
      for (const seq of [before.seq + 1, before.seq]) {
        if (seq !== link.seq && linkHash(before.hash, { ...link, seq }) === link.hash) return seq;
      }
    }
    return undefined;
  }
}

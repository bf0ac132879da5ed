import { type Head, linkHash, type StoredLink } from '../../src/ledger/audit-chain.ts';

/** What a trail rests on: the rows, the note of the newest, the ledger's id. */
export interface Trail {
  readonly ledgerId: string;
  readonly links: readonly StoredLink[];
  readonly head: Head | undefined;
}

export interface Tampering {
  readonly name: string;
  /** Whether it can be found without a checkpoint. */
  readonly inItself: boolean;
  readonly trail: Trail;
}

type Random = () => number;

const pick = (random: Random, below: number) => Math.floor(random() * below);
const at = <T>(list: readonly T[], i: number): T => {
  const found = list[i];
  if (found === undefined) throw new Error(`nothing at ${i}`);
  return found;
};

const COLUMNS = [
  ...(['at', 'kind', 'caller', 'tool', 'call', 'outTradeNo', 'outRefundNo', 'detailJson', 'hash'] as const),
];

/** One value changed as little as possible. */
function nudged(value: string | number | undefined, random: Random): string | number | undefined {
  if (typeof value === 'number') return value + (random() < 0.5 ? 1 : -1) * (1 + pick(random, 86_400_000));
  if (value === undefined) return random() < 0.5 ? '' : 'x';
  if (value === '' || random() < 0.1) return value === '' ? undefined : '';
  const i = pick(random, value.length);
  const code = value.charCodeAt(i) ^ (1 << pick(random, 3));
  return random() < 0.3
    ? value.slice(0, i) + value.slice(i + 1)
    : value.slice(0, i) + String.fromCharCode(code) + value.slice(i + 1);
}

function edited(link: StoredLink, random: Random): StoredLink {
  const column = at(COLUMNS, pick(random, COLUMNS.length));
  return { ...link, [column]: nudged(link[column], random) };
}

const renumbered = (links: readonly StoredLink[]) => links.map((link, i) => ({ ...link, seq: i + 1 }));

function stamped(ledgerId: string, links: readonly StoredLink[], from: number): StoredLink[] {
  let hash = from === 0 ? ledgerId : at(links, from - 1).hash;
  return links.map((link, i) => {
    if (i < from) return link;
    const next = { ...link, seq: i + 1 };
    hash = linkHash(hash, next);
    return { ...next, hash };
  });
}

const headOf = (ledgerId: string, links: readonly StoredLink[]): Head => ({
  seq: links.length,
  hash: links.at(-1)?.hash ?? ledgerId,
});

/** Every way in which somebody who can write the file would change it; `k` is a place in the trail. */
const WAYS: Readonly<Record<string, (trail: Trail, k: number, random: Random) => Omit<Tampering, 'name'>>> = {
  edit: (trail, k, random) => ({
    inItself: true,
    trail: { ...trail, links: trail.links.map((link, i) => (i === k ? edited(link, random) : link)) },
  }),
  renumber: (trail, k, random) => ({
    inItself: true,
    trail: {
      ...trail,
      links: trail.links.map((link, i) =>
        i === k ? { ...link, seq: link.seq + trail.links.length + pick(random, 5) } : link,
      ),
    },
  }),
  delete: (trail, k, random) => {
    const several = 1 + pick(random, random() < 0.7 ? 1 : 10);
    return {
      inItself: true,
      trail: { ...trail, links: trail.links.filter((_, i) => i < k || i >= k + several) },
    };
  },
  'delete and renumber': (trail, k) => ({
    inItself: true,
    trail: { ...trail, links: renumbered(trail.links.filter((_, i) => i !== k)) },
  }),
  swap: (trail, k, random) => {
    const j = (k + 1 + pick(random, trail.links.length - 1)) % trail.links.length;
    const links = [...trail.links];
    [links[k], links[j]] = [at(trail.links, j), at(trail.links, k)];
    return { inItself: true, trail: { ...trail, links: renumbered(links) } };
  },
  'reorder a stretch': (trail, k, random) => {
    const [moved, rest] = [trail.links.slice(k, k + 1), trail.links.filter((_, i) => i !== k)];
    const j = (k + 1 + pick(random, rest.length - 1)) % rest.length;
    return {
      inItself: true,
      trail: { ...trail, links: renumbered([...rest.slice(0, j), ...moved, ...rest.slice(j)]) },
    };
  },
  insert: (trail, k, random) => {
    const copied = random() < 0.5 ? at(trail.links, k) : edited(at(trail.links, k), random);
    const links = [...trail.links.slice(0, k), copied, ...trail.links.slice(k)];
    return { inItself: true, trail: { ...trail, links: renumbered(links) } };
  },
  'append unnoted': (trail, k) => {
    const links = [...trail.links, at(trail.links, k)];
    return { inItself: true, trail: { ...trail, links: stamped(trail.ledgerId, links, trail.links.length) } };
  },
  truncate: (trail, k) => ({ inItself: true, trail: { ...trail, links: trail.links.slice(0, k) } }),
  'truncate, head gone': (trail, k) => ({
    inItself: k > 0,
    trail: { ...trail, links: trail.links.slice(0, k), head: undefined },
  }),
  'truncate, head rewritten': (trail, k) => {
    const links = trail.links.slice(0, k);
    return { inItself: false, trail: { ...trail, links, head: headOf(trail.ledgerId, links) } };
  },
  'edit and re-stamp that row': (trail, k, random) => {
    const links = trail.links.map((link, i) => (i === k ? edited(link, random) : link));
    return {
      inItself: true,
      trail: {
        ...trail,
        links: stamped(trail.ledgerId, links, k).map((link, i) => (i > k ? at(trail.links, i) : link)),
      },
    };
  },
  're-stamp the rest': (trail, k, random) => {
    const links = stamped(
      trail.ledgerId,
      trail.links.map((link, i) => (i === k ? { ...edited(link, random), seq: link.seq } : link)),
      k,
    );
    return { inItself: true, trail: { ...trail, links } };
  },
  're-stamp the rest, head rewritten': (trail, k, random) => {
    const links = stamped(
      trail.ledgerId,
      random() < 0.5
        ? trail.links.filter((_, i) => i !== k)
        : trail.links.map((link, i) => (i === k ? { ...link, at: link.at + 1 } : link)),
      k,
    );
    return { inItself: false, trail: { ...trail, links, head: headOf(trail.ledgerId, links) } };
  },
  'edit the head': (trail, k, random) => ({
    inItself: true,
    trail: {
      ...trail,
      head: {
        seq: random() < 0.5 ? k : trail.links.length,
        hash: at(trail.links, k).hash.replace(/.$/, 'x'),
      },
    },
  }),
  'another ledger id': (trail) => ({
    inItself: true,
    trail: { ...trail, ledgerId: trail.ledgerId.replace(/.$/, 'x') },
  }),
  'another ledger id, all re-stamped': (trail) => {
    const ledgerId = trail.ledgerId.replace(/.$/, 'x');
    const links = stamped(ledgerId, trail.links, 0);
    return { inItself: false, trail: { ledgerId, links, head: headOf(ledgerId, links) } };
  },
};

export const WAY_NAMES = Object.keys(WAYS);

/** One tampering of a random kind at a random place; undefined when chance has changed nothing. */
export function tamper(trail: Trail, random: Random, name = at(WAY_NAMES, pick(random, WAY_NAMES.length))) {
  const way = WAYS[name];
  if (!way) throw new Error(`no such way: ${name}`);
  const tampering: Tampering = { name, ...way(trail, pick(random, trail.links.length), random) };
  return isSame(trail, tampering.trail) ? undefined : tampering;
}

function isSame(a: Trail, b: Trail): boolean {
  return (
    a.ledgerId === b.ledgerId &&
    a.head?.seq === b.head?.seq &&
    a.head?.hash === b.head?.hash &&
    a.links.length === b.links.length &&
    a.links.every((link, i) => link === b.links[i] || JSON.stringify(link) === JSON.stringify(b.links[i]))
  );
}

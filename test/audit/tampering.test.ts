import { beforeAll, describe, expect, it } from 'vitest';
import { ChainWalk, follow, type Head, type StoredLink } from '../../src/ledger/audit-chain.ts';
import {
  type Checkpoint,
  checkAgainstTrail,
  checkCheckpoint,
  publicKeyOf,
  signCheckpoint,
  signingKey,
} from '../../src/ledger/audit-checkpoint.ts';
import { BEFORE_ALL, readHead, readLinks } from '../../src/ledger/audit-reader.ts';
import { seeded } from '../support/virtual-time.ts';
import { World } from '../support/world.ts';
import { aDayOfTrade } from './busy-shop.ts';
import { type Trail, tamper, WAY_NAMES } from './tampering.ts';

const KEY = signingKey(Buffer.alloc(32, 7));
const PUBLIC_KEY = publicKeyOf(KEY);

let trail: Trail;
let checkpoints: Checkpoint[];
beforeAll(async () => {
  const world = new World(5);
  const till = await world.process();
  await aDayOfTrade(world, till);
  const ledgerId = await till.ledger.read((book) => book.audit.ledgerId());
  trail = await till.ledger.inspect(async (tx) => ({
    ledgerId,
    links: await readLinks(tx, BEFORE_ALL, 10_000),
    head: await readHead(tx),
  }));
  await world.end();
  // One from the middle of its life, one of its end.
  checkpoints = [Math.floor(trail.links.length / 2), trail.links.length].map((seq) => {
    const hash = trail.links[seq - 1]?.hash ?? '';
    return signCheckpoint({ ledgerId: trail.ledgerId, seq, hash, at: '2026-11-21T15:00:00+08:00' }, KEY);
  });
});

/** The verdict of the trail on itself. */
function fault({ ledgerId, links, head }: Trail) {
  const walk = new ChainWalk({ seq: 0, hash: ledgerId });
  const sorted = [...links].sort((a, b) => a.seq - b.seq);
  for (const link of sorted) walk.add(link);
  return { look: walk.end(head, links.length), proven: walk.proven };
}

const bySeq = ({ links }: Trail) => [...links].sort((a, b) => a.seq - b.seq);

function followsFast(tampered: Trail): boolean {
  let head: Head | undefined = { seq: 0, hash: tampered.ledgerId };
  for (const { hash, ...link } of bySeq(tampered)) {
    const text = JSON.stringify(Object.values(link)).replace(/^\[[^,]*,/, '');
    head = head && follow(head, { seq: link.seq, hash, text });
  }
  return head !== undefined;
}

function followsSlowly(tampered: Trail): boolean {
  const walk = new ChainWalk({ seq: 0, hash: tampered.ledgerId });
  return bySeq(tampered).every((link) => walk.add(link));
}

function checkpointFaults(tampered: Trail) {
  const { look, proven } = fault(tampered);
  const hashes = new Map(tampered.links.map((link: StoredLink) => [link.seq, link.hash]));
  return checkpoints.map(
    (checkpoint) =>
      checkCheckpoint(checkpoint, { ledgerId: tampered.ledgerId, publicKey: PUBLIC_KEY }) ??
      checkAgainstTrail(checkpoint, {
        proven,
        broken: look !== undefined && look.look !== 'cut-off',
        hash: hashes.get(checkpoint.seq),
      }),
  );
}

describe('10,000 tamperings by seed', () => {
  it('are all found, and the untouched trail never is', () => {
    expect(trail.links.length).toBeGreaterThan(40);
    expect(fault(trail).look).toBeUndefined();
    expect(checkpointFaults(trail)).toEqual([undefined, undefined]);
    const random = seeded(20261121);
    const count: Record<string, number> = {};
    const missed: string[] = [];
    for (let done = 0; done < 10_000; ) {
      const tampering = tamper(trail, random);
      if (!tampering) continue;
      done += 1;
      count[tampering.name] = (count[tampering.name] ?? 0) + 1;
      const inItself = fault(tampering.trail).look !== undefined;
      // The fast way accepts what the thorough one does, and nothing else.
      if (followsFast(tampering.trail) !== followsSlowly(tampering.trail)) missed.push(`${done} fast`);
      const found = tampering.inItself ? inItself : checkpointFaults(tampering.trail).some(Boolean);
      // What cannot be seen without a checkpoint must not be claimed to be.
      if (!found || (!tampering.inItself && inItself)) missed.push(`${done} ${tampering.name}`);
      if (done % 500 === 0) expect(fault(trail).look).toBeUndefined();
    }
    expect(missed).toEqual([]);
    expect(Object.keys(count).sort()).toEqual([...WAY_NAMES].sort());
  });
});

describe('what is found is told', () => {
  const links = () => [...trail.links];
  const looks = (changed: Partial<Trail>) => fault({ ...trail, ...changed }).look;

  it.each([
    [
      'an edit',
      () => links().map((l, i) => (i === 9 ? { ...l, caller: 'x' } : l)),
      { look: 'edited', seq: 10 },
    ],
    ['a deletion', () => links().filter((_, i) => i !== 9), { look: 'missing', seq: 10, other: 10 }],
    [
      'three deletions',
      () => links().filter((_, i) => i < 9 || i > 11),
      { look: 'missing', seq: 10, other: 12 },
    ],
    [
      'neighbours that changed places',
      () => [...links().slice(0, 9), ...links().slice(9, 11).reverse(), ...links().slice(11)].map(numbered),
      { look: 'moved', seq: 10, other: 11 },
    ],
    [
      'an insertion',
      () =>
        [...links().slice(0, 9), { ...(links()[9] as StoredLink), at: 1 }, ...links().slice(9)].map(numbered),
      { look: 'added', seq: 10 },
    ],
    [
      'a deletion with renumbering',
      () =>
        links()
          .filter((_, i) => i !== 9)
          .map(numbered),
      { look: 'broken', seq: 10 },
    ],
  ])('%s', (_, change, expected) => {
    expect(looks({ links: change() })).toEqual(expected);
  });

  it('the end: cut off, replaced, without its note', () => {
    const n = trail.links.length;
    expect(looks({ links: links().slice(0, -2) })).toEqual({ look: 'cut-off', seq: n - 1, other: n });
    expect(looks({ head: { seq: n, hash: 'x' } })).toEqual({ look: 'replaced', seq: n });
    expect(looks({ head: undefined })).toEqual({ look: 'headless', seq: n });
    expect(looks({ links: [], head: undefined })).toBeUndefined();
  });
});

const numbered = (link: StoredLink, i: number): StoredLink => ({ ...link, seq: i + 1 });

describe('a checkpoint', () => {
  const own = { publicKey: PUBLIC_KEY };

  it('is forged when a single member of it was edited', () => {
    const [real] = checkpoints;
    if (!real) throw new Error('none');
    const ledger = { ...own, ledgerId: trail.ledgerId };
    expect(checkCheckpoint(real, ledger)).toBeUndefined();
    for (const edit of [
      { seq: real.seq + 1 },
      { hash: real.hash.replace(/.$/, 'x') },
      { at: '2026-11-21T15:00:01+08:00' },
      { ledgerId: 'other' },
      { publicKey: publicKeyOf(signingKey(Buffer.alloc(32, 8))) },
      { publicKey: 'AAAA' },
      { signature: '' },
    ]) {
      expect(checkCheckpoint({ ...real, ...edit }, ledger)).toBe('forged');
    }
  });

  it('of another ledger, or of another key, is called so', () => {
    const facts = { ledgerId: trail.ledgerId, seq: 1, hash: 'x', at: '' };
    const foreign = signCheckpoint(facts, signingKey(Buffer.alloc(32, 8)));
    expect(checkCheckpoint(foreign, { ...own, ledgerId: trail.ledgerId })).toBe('other-key');
    expect(checkCheckpoint(signCheckpoint(facts, KEY), { ...own, ledgerId: 'other' })).toBe('other-ledger');
    expect(
      checkCheckpoint(signCheckpoint(facts, KEY), { publicKey: undefined, ledgerId: trail.ledgerId }),
    ).toBe('other-key');
  });
});

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { seeded } from '../support/virtual-time.ts';
import { World } from '../support/world.ts';
import { canFail, type DiskFault, faultsMark, Machine } from './machine.ts';
import { folderOf, LIVES, Seller } from './seller.ts';

/** Chooses where to begin, and how lives end. */
const SEED = Number(process.env.FAULTS_SEED ?? 20_261_128);
/** `FAULTS=long`: every fault at every position; else at one in so many. */
const isLong = process.env.FAULTS === 'long';
const STRIDE = 60;

type Kind = Omit<DiskFault, 'at'>;
/** There are fewer of them. */
const FEWER = 4;
const KINDS: readonly [string, Kind][] = [
  ['is full from then on, in the middle of a page', { error: 'ENOSPC', lasting: true, torn: true }],
  ['is full for a moment', { error: 'ENOSPC' }],
  ['has a quota that is used up', { error: 'EDQUOT', lasting: true }],
  ['fails once', { error: 'EIO' }],
  ['fails from then on', { error: 'EIO', lasting: true }],
  ['is read-only from then on', { error: 'EROFS', lasting: true }],
  ['writes half and then the rest', { operations: ['write'], torn: true }],
  ['does not flush once', { error: 'EIO', operations: ['flush'] }],
  ['flushes no more', { error: 'EIO', operations: ['flush'], lasting: true }],
  ['cannot be read once', { error: 'EIO', operations: ['read'] }],
  ['cannot be read any more', { error: 'EIO', operations: ['read'], lasting: true }],
];

describe.skipIf(!canFail)(`a disk that at any position (FAULTS_SEED=${SEED})${faultsMark}`, () => {
  const random = seeded(SEED);
  let machine: Machine;
  beforeAll(() => {
    machine = Machine.here();
  });
  afterAll(() => machine.end());

  it.each(KINDS)('%s costs nobody anything', async (name, fault) => {
    const wrongs: string[] = [];
    let tried = 0;
    const stride = isLong ? 1 : /flush|read/.test(`${fault.operations}`) ? FEWER : STRIDE;
    for (let at = 1 + Math.floor(random() * stride), failed = 1; failed > 0; at += stride) {
      const world = new World(at, 'sqlite');
      const seller = new Seller(world);
      const life = LIVES[Math.floor(random() * LIVES.length)] ?? 'goes on';
      machine.fail(folderOf(world), { at, ...fault });
      await seller.attempt(fault.lasting !== true);
      machine.heal();
      failed = machine.failed;
      tried += 1;
      await seller.recover(life);
      wrongs.push(...seller.wrongs.map((wrong) => `${name} at ${at}, ${life}: ${wrong}`));
      await world.end();
    }
    process.stdout.write(`${name}: ${tried} positions\n`);
    expect(tried, 'positions').toBeGreaterThan(3);
    expect(wrongs.slice(0, 20)).toEqual([]);
  });
});

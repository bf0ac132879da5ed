import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isCall } from '../support/fake-gateway-server.ts';
import { type Env, MAIN, runCommand, ServerProcess, until } from '../support/server-process.ts';
import { WALLETS } from '../support/simulator-client.ts';
import { Agent, REFUNDS_WITHOUT_APPROVAL, Shop } from './shop.ts';

/** A small disk of its own for one ledger. */
interface Disk {
  readonly ledger: string;
  /** How to start the server so that the limit holds. */
  readonly program: readonly string[];
  readonly mounted: boolean;
  /** Takes what space is left, and gives it back. */
  fill(): void;
  empty(): void;
  release(): void;
}

let shop: Shop;
const disks: Disk[] = [];
const agents: Agent[] = [];
beforeAll(async () => {
  shop = await Shop.open({ policy: REFUNDS_WITHOUT_APPROVAL });
});
afterAll(async () => {
  await Promise.all(agents.map(({ server }) => server.close()));
  for (const disk of disks) disk.release();
  await shop.close();
});

/** Where mounting is not allowed, a limit on the size of files stands for the small disk. */
function smallDisk(name: string, kib: number): Disk {
  const path = join(shop.home, name);
  const ledger = join(path, 'ledger.db');
  const program = [process.execPath, MAIN];
  mkdirSync(path);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${kib}k`, 'tmpfs', path], { stdio: 'ignore' });
  } catch {
    // Blocks of 512 bytes.
    const limited = ['sh', '-c', `ulimit -f ${kib * 2}; exec "$0" "$@"`, ...program];
    const nothing = () => undefined;
    return { ledger, program: limited, mounted: false, fill: nothing, empty: nothing, release: nothing };
  }
  const ballast = join(path, 'ballast');
  return {
    ...{ ledger, program, mounted: true },
    fill: () => fill(ballast),
    empty: () => rmSync(ballast),
    release: () => execFileSync('umount', [path]),
  };
}

function fill(file: string): void {
  try {
    for (;;) appendFileSync(file, Buffer.alloc(1024));
  } catch (error) {
    expect(error).toMatchObject({ code: 'ENOSPC' });
  }
}

function mounted(name: string, kib: number): Disk {
  const disk = smallDisk(name, kib);
  disks.push(disk);
  return disk;
}

async function agentOn({ ledger, program }: Disk, env: Env = {}): Promise<Agent> {
  const cwd = join(shop.home, 'cwd');
  const { transcript } = shop;
  const all = { ...shop.env, ...env, CASHIER_LEDGER: ledger };
  const agent = new Agent(await ServerProcess.start({ env: all, cwd, transcript, program }));
  agents.push(agent);
  return agent;
}

describe.concurrent('a disk without space', () => {
  it('stops the start with one clear sentence in each language', async () => {
    const { ledger, program, ...disk } = mounted('full', 32);
    disk.fill();
    const env = { ...shop.env, CASHIER_LEDGER: ledger };
    const cwd = join(shop.home, 'cwd');
    const ended = await runCommand([], { env, cwd, transcript: shop.transcript }, program);
    expect(ended).toMatchObject({ code: 1, stdout: '' });
    expect(ended.stderr.trimEnd().split('\n')).toHaveLength(2);
    expect(ended.stderr).toContain('CASHIER_LEDGER');
    if (disk.mounted) expect(ended.stderr).toContain('No disk space');
  });

  it('in mid-life refuses payments before they are sent, and loses none of the others', async () => {
    const disk = mounted('filling', 1536);
    const agent = await agentOn(disk);
    const made: string[] = [];
    const unsent = await until('the disk is full', async () => {
      const outTradeNo = shop.number('FULL');
      const title = `${'满'.repeat(40)} ${made.length}`;
      const wanted = { provider: 'wechatpay', outTradeNo, amountYuan: '1.00', title };
      const reply = await agent.server.call('create-payment', wanted);
      // OUTCOME_UNKNOWN: the intent still fitted, what came of it did not.
      const code = reply.isError ? JSON.parse(reply.text).code : 'OUTCOME_UNKNOWN';
      expect(['OUTCOME_UNKNOWN', 'CONFIGURATION']).toContain(code);
      if (code === 'OUTCOME_UNKNOWN') made.push(outTradeNo);
      return code === 'CONFIGURATION' ? outTradeNo : undefined;
    });
    expect(made.length).toBeGreaterThan(2);
    expect(await shop.simulator.calls(unsent, 'create')).toEqual([]);
    expect(await agent.known(made[0] ?? '')).toMatchObject({ state: 'NOTPAY' });
    await agent.server.close();

    const list = ['orders', '--json', '--limit', '1000'];
    // In a process of its own, whose end gives the disk free.
    const { code, stdout } = await shop.command(list, { CASHIER_LEDGER: disk.ledger }, runCommand);
    expect(code).toBe(0);
    const { items } = JSON.parse(stdout) as { items: { outTradeNo: string }[] };
    const known = items.map((row) => row.outTradeNo);
    expect(known.toSorted()).toEqual(made.toSorted());
  });

  it.each(WALLETS)(
    'that fills up while %s refunds does not make the answer say that nothing was sent',
    async (provider) => {
      const network = await shop.slowNetwork();
      const disk = mounted(`filling-${provider}`, 2048);
      const agent = await agentOn(disk, network.env);
      const { outTradeNo } = await shop.sell(agent, provider);
      network.treat = (passing) => {
        if (isCall('refund', passing) || isCall('query-refund', passing)) disk.fill();
        return 'pass';
      };
      const wanted = { outTradeNo, refundYuan: '10.00', outRefundNo: shop.number('R') };
      const reply = await agent.server.call('refund-payment', wanted);
      expect((await shop.simulator.trade(outTradeNo)).refunds).toHaveLength(1);
      if (disk.mounted) {
        expect(JSON.parse(reply.text)).toMatchObject({ code: 'OUTCOME_UNKNOWN', retryable: true });
        expect(reply.text).not.toMatch(/没有向支付平台发送|没有资金变动|nothing was sent|no money moved/);
      }
      network.treat = () => 'pass';
      disk.empty();
      await agent.server.close();
      const next = await agentOn(disk, network.env);
      await next.refundArrives(await next.refund(wanted));
      expect((await shop.simulator.trade(outTradeNo)).refunds).toHaveLength(1);
    },
  );
});

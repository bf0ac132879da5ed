import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { cleanEnv, makeHome, secretsIn } from '../journeys/shop.ts';
import { type CommandResult, type Env, runCommand, Transcript } from '../support/server-process.ts';
import { SimulatorProcess } from '../support/simulator-client.ts';

const home = makeHome();
const transcript = new Transcript();
let simulator: SimulatorProcess;
beforeAll(async () => {
  simulator = await SimulatorProcess.start(cleanEnv(home), join(home, 'cwd'));
});
afterAll(async () => {
  await simulator.close();
  rmSync(home, { recursive: true, force: true });
  expect(transcript.size).toBeGreaterThan(0);
  expect(transcript.leaks([...secretsIn(simulator.env), 'WECHATPAY2-SHA256', 'PRIVATE KEY-----'])).toEqual(
    [],
  );
});

const doctor = (args: readonly string[], env: Env = {}): Promise<CommandResult> =>
  runCommand(['doctor', ...args], { env: { ...cleanEnv(home), ...env }, cwd: join(home, 'cwd'), transcript });

it('tells a person in both languages, without colours where there is no terminal, and ends with 0', async () => {
  const { code, stdout, stderr } = await doctor([], simulator.env);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toContain('支付宝 Alipay\n  ✔ ');
  expect(stdout).toContain('no real money');
  expect(stdout).toContain("WeChat Pay's gateway takes these credentials");
  expect(stdout).not.toContain('\u001b');
});

it('tells a program by stable names, and ends with 1 when the server would not start', async () => {
  const { AP_PUB_KEY: _, ...half } = simulator.env;
  const env = {
    ...half,
    AP_GATEWAY: 'http://far.cn/gateway.do',
    CASHIER_LANG: 'en',
    CASHIER_LOG_LEVEL: 'loud',
  };
  const { code, stdout, stderr } = await doctor(['--json'], env);
  expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
  const report = JSON.parse(stdout);
  expect(Object.keys(report)).toEqual(['ok', 'findings']);
  expect(report.ok).toBe(false);
  const wrong = report.findings.filter(({ level }: { level: string }) => level === 'error');
  expect(wrong.map(({ id, variable }: Record<string, string>) => `${id} ${variable}`)).toEqual([
    'configuration.ap-gateway AP_GATEWAY',
    'configuration.cashier-log-level CASHIER_LOG_LEVEL',
    'alipay.incomplete AP_PUB_KEY',
  ]);
  for (const finding of report.findings) {
    expect(finding).toMatchObject({
      id: expect.any(String),
      area: expect.any(String),
      message: expect.any(String),
    });
    expect(finding.message).not.toMatch(/[\u4e00-\u9fff]/);
  }
});

it('is refused with its usage for what it does not know', async () => {
  const { code, stdout, stderr } = await doctor(['--fix']);
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toContain('doctor has no option "--fix"');
});

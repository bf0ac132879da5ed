import { afterAll, beforeAll, expect, it } from 'vitest';
import { readPayment } from '../journeys/shapes.ts';
import { Shop } from '../journeys/shop.ts';
import { Passkey } from '../support/authenticator.ts';
import { until } from '../support/server-process.ts';
import { Service } from './service.ts';
import { addToken } from './tokens.ts';

/*
 * Two processes of the product on one ledger: whoever was let in at one approves at the other, by passkey, and is put
 * out of both by a command.
 */

const SECRET = 'correct-horse-battery';
const secret = { CASHIER_OPERATOR_SECRET: SECRET };
let shop: Shop;
let services: [Service, Service];
let token: string;
beforeAll(async () => {
  shop = await Shop.open({ policy: 'version: 1\npayments: { approveAboveYuan: "1" }\n' });
  expect((await shop.command(['operator', 'set-secret', '--realm', 'simulator'], secret)).code).toBe(0);
  token = await addToken(shop, 'agent');
  services = [await Service.start(shop), await Service.start(shop)];
});
afterAll(async () => {
  for (const service of services) await service.stop();
  await shop.close();
});

/** A browser at one of the services. */
class Browser {
  readonly origin: string;
  #cookies = new Map<string, string>();
  constructor({ port }: Service) {
    this.origin = `http://localhost:${port}`;
  }
  async open(path: string, fields?: Readonly<Record<string, string>>) {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await fetch(`${this.origin}/approvals${path}`, {
      method: fields ? 'POST' : 'GET',
      redirect: 'manual',
      headers: { cookie },
      ...(fields ? { body: new URLSearchParams(fields) } : {}),
    });
    for (const one of answer.headers.getSetCookie()) {
      const [name = '', value = ''] = one.split(';')[0]?.split('=') ?? [];
      this.#cookies.set(name, value);
    }
    return {
      status: answer.status,
      location: answer.headers.get('location'),
      body: await answer.text(),
    };
  }
}

it('a person let in at one process approves at the other with a thumb, and is out of both at a word', async () => {
  const [one, other] = services.map((service) => new Browser(service)) as [Browser, Browser];
  const added = await shop.command(['operator', 'add', '王芳', '--role', 'decide', '--json'], secret);
  const { code } = JSON.parse(added.stdout) as { code: string };
  const passkey = new Passkey();
  const made = passkey.make(JSON.parse((await one.open('/join/options', { code })).body), one.origin);
  expect(await one.open('/join', { code, answer: made, stay: 'month' })).toMatchObject({ status: 303 });
  expect((await one.open('')).status).toBe(200);

  const agent = await services[0].agent('modern', token);
  const wanted = { provider: 'alipay', amountYuan: '5.00', title: 'wish', outTradeNo: shop.number('WISH') };
  const { outTradeNo, approval } = readPayment(await agent.call('create-payment', wanted));
  const id = approval?.id ?? '';
  expect(await other.open(`/${id}`)).toMatchObject({ location: `/approvals/sign-in?next=${id}` });
  const asked = JSON.parse((await other.open('/sign-in/options', {})).body);
  const answer = passkey.sign(asked, other.origin);
  expect(await other.open('/sign-in', { answer, next: id })).toMatchObject({ location: `/approvals/${id}` });
  // Not a second time, and not at the other process.
  for (const browser of [other, one]) {
    expect((await browser.open('/sign-in', { answer })).status).toBe(403);
  }
  const { body } = await other.open(`/${id}`);
  const csrf = /name="csrf" value="([^"]+)"/.exec(body)?.[1] ?? '';
  expect(await other.open(`/${id}`, { csrf, decision: 'approve' })).toMatchObject({ status: 303 });
  await until('it is at the gateway', async () =>
    (await shop.simulator.calls(outTradeNo, 'create')).length > 0 ? true : undefined,
  );
  const { stdout } = await shop.command(['audit', 'show', outTradeNo, '--json']);
  const { records } = JSON.parse(stdout) as { records: { kind: string; caller: string }[] };
  expect(records.find(({ kind }) => kind === 'approval-approved')?.caller).toBe('operator:王芳');

  expect((await shop.command(['operator', 'revoke', '王芳'], secret)).code).toBe(0);
  for (const browser of [one, other]) expect((await browser.open('')).status).toBe(303);
  const again = passkey.sign(JSON.parse((await one.open('/sign-in/options', {})).body), one.origin);
  expect((await one.open('/sign-in', { answer: again })).status).toBe(403);
  await agent.close();
});

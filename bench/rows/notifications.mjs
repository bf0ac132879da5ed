// Notifications that a service verifies, applies, commits and acknowledges in a second, of either wallet, each the
// first word of a payment; beside it a bare server that only verifies the same ones.
import { createPrivateKey } from 'node:crypto';
import { Agent, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { alipayNotice, wechatpayNotice } from '../notices.mjs';
import { freePort } from '../processes.mjs';
import { atLeast, SALE } from '../stage.mjs';

const IN_FLIGHT = 32;
const VERIFIER = fileURLToPath(new URL('../verifier.mjs', import.meta.url));
/** A buyer who pays is told within the second, with a hundred others. */
const LEAST = 100;

export async function notifications(stage) {
  await stage.gateway();
  const { notifications: count } = stage.sizes;
  const { keys } = stage;
  const bare = await verifier(stage);
  const lines = [];
  for (const [provider, notice] of [
    ['alipay', (sale) => alipayNotice(stage.env(), createPrivateKey(keys.alipayKey), sale)],
    [
      'wechatpay',
      (sale, { mark }) => wechatpayNotice(stage.env(), createPrivateKey(keys.wechatpayKey), sale, mark),
    ],
  ]) {
    const { service, tokens } = await stage.service({}, 4);
    const sold = [];
    await Promise.all(
      Array.from({ length: IN_FLIGHT }, async (_, i) => {
        while (sold.length < count) {
          const made = await service.call('create-payment', { ...SALE, provider }, tokens[i % 4]);
          sold.push(
            notice(made.structuredContent, await stage.asked(`/mark?${made.structuredContent.outTradeNo}`)),
          );
        }
      }),
    );
    const rate = async (port) => {
      const agent = new Agent({ keepAlive: true, maxSockets: IN_FLIGHT });
      const left = [...sold];
      const startedAt = performance.now();
      await Promise.all(
        Array.from({ length: IN_FLIGHT }, async () => {
          for (let next = left.pop(); next; next = left.pop()) await post(agent, port, provider, next);
        }),
      );
      agent.destroy();
      return (sold.length * 1000) / (performance.now() - startedAt);
    };
    const beside = await rate(bare.port);
    const value = await rate(service.port);
    const { structuredContent } = await service.call('list-payments', { state: 'NOTPAY' }, tokens[0]);
    if (structuredContent.items.length > 0) throw new Error('a notification was not taken');
    await service.end();
    lines.push(
      atLeast(`notifications, ${provider}`, 'per s', value, LEAST, {
        ...{ beside, besideWhat: 'a bare server that verifies the same and keeps nothing' },
      }),
    );
  }
  return lines;
}

async function verifier(stage) {
  const port = await freePort();
  const { AP_PUB_KEY, WXPAY_PUB_KEY, WXPAY_API_V3_KEY } = stage.env();
  const env = { AP_PUB_KEY, WXPAY_PUB_KEY, WXPAY_API_V3_KEY };
  return Object.assign(await stage.process([VERIFIER, String(port)], { env }), { port });
}

function post(agent, port, provider, { headers, body }) {
  return new Promise((resolve, reject) => {
    const sent = request(
      { agent, port, host: '127.0.0.1', method: 'POST', path: `/notify/${provider}`, headers },
      (answer) =>
        text(answer).then((said) => {
          if (answer.statusCode >= 300 || /fail/i.test(said))
            reject(new Error(`${answer.statusCode} ${said}`));
          else resolve();
        }, reject),
    );
    sent.on('error', reject);
    sent.end(body);
  });
}

// Notifications that a service verifies, applies, commits and acknowledges in a second, of either wallet, each the
// first word of a payment; beside it a bare server that only verifies the same ones.
import { createPrivateKey } from 'node:crypto';
import { alipayNotice, wechatpayNotice } from '../notices.mjs';
import { atLeast, SALE, timed } from '../stage.mjs';

const IN_FLIGHT = 32;
/** A buyer who pays is told within the second, with a hundred others. */
const LEAST = 100;

export async function notifications(stage) {
  await stage.gateway();
  const { notifications: count } = stage.sizes;
  const env = stage.env();
  const [alipayKey, wechatpayKey] = [stage.keys.alipayKey, stage.keys.wechatpayKey].map(createPrivateKey);
  const bare = await stage.verifier();
  const lines = [];
  for (const [provider, notice] of [
    ['alipay', (sale) => alipayNotice(env, alipayKey, sale)],
    ['wechatpay', (sale, mark) => wechatpayNotice(env, wechatpayKey, sale, mark)],
  ]) {
    const { service, tokens } = await stage.service({}, 4);
    const sold = [];
    await together(async (i) => {
      if (sold.length >= count) return false;
      const made = await service.call('create-payment', { ...SALE, provider }, tokens[i % 4]);
      const { mark } = await stage.asked(`/mark?${made.structuredContent.outTradeNo}`);
      return sold.push(notice(made.structuredContent, mark));
    });
    const rate = async (server) => {
      const left = [...sold];
      const { ms } = await timed(() =>
        together(async () => {
          const next = left.pop();
          if (next) await tell(server, provider, next);
          return next;
        }),
      );
      return (sold.length * 1000) / ms;
    };
    const beside = await rate(bare);
    const value = await rate(service);
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

/** So many at a time, each on and on until it has nothing more to do. */
async function together(next) {
  await Promise.all(
    Array.from({ length: IN_FLIGHT }, async (_, i) => {
      while (await next(i));
    }),
  );
}

async function tell(server, provider, { headers, body }) {
  const [status, said] = await server.send('POST', `/notify/${provider}`, headers, body);
  if (status >= 300 || /fail/i.test(said)) throw new Error(`${status} ${said}`);
}

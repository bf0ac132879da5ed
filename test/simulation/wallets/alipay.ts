import { createAlipayProvider, readAlipayConfig } from '../../../src/providers/alipay/index.ts';
import { alipayGateway } from '../../../src/simulator/alipay/gateway.ts';
import { fakeOf } from '../../../src/simulator/world.ts';
import type { Operation } from '../plan.ts';
import { digestOf, membersOf, type PlayedWallet } from './wallet.ts';

const GATEWAY = 'https://openapi.alipay.com/gateway.do';

const OPERATIONS: Readonly<Record<string, Operation>> = {
  'alipay.trade.precreate': 'create',
  'alipay.trade.query': 'query',
  'alipay.trade.close': 'close',
  'alipay.trade.refund': 'refund',
  'alipay.trade.fastpay.refund.query': 'query-refund',
  'alipay.aipay.agent.payment.verify': 'verify',
  'alipay.aipay.agent.fulfillment.confirm': 'confirm',
};

export const ALIPAY: PlayedWallet = {
  id: 'alipay',
  scenes: ['qr', 'qr', 'web', 'app'],
  operations: Object.values(OPERATIONS),
  configured(env, now) {
    const config = readAlipayConfig(env, now);
    return config && ((ports) => createAlipayProvider(config, ports));
  },
  subjectOf({ url, body = '' }) {
    if (!url.startsWith(GATEWAY)) return undefined;
    const text = new URLSearchParams(body).get('biz_content') ?? '{}';
    const fields = JSON.parse(text) as Readonly<Record<string, string>>;
    const amount = fields.total_amount ?? fields.refund_amount;
    return {
      operation: OPERATIONS[new URLSearchParams(url.split('?')[1]).get('method') ?? ''] ?? 'other',
      outTradeNo: fields.out_trade_no ?? '',
      ...(fields.trade_no === undefined ? {} : { tradeNo: fields.trade_no }),
      ...(fields.out_request_no === undefined ? {} : { outRefundNo: fields.out_request_no }),
      ...(amount === undefined ? {} : { amountFen: Number(amount.replace('.', '')) }),
      digest: digestOf(text),
    };
  },
  answer: alipayGateway,
  saidIn(answer) {
    const members = membersOf(answer);
    if (!members) return { said: `http ${answer.status}`, proven: false };
    const [node] = Object.values(members) as [Readonly<Record<string, string>>];
    return { said: node.code === '10000' ? 'ok' : String(node.sub_code), proven: members.sign !== undefined };
  },
  foreign: (world) => ({ tradeNo: fakeOf(world, 'alipay').newTradeNo(world) }),
  isMistakable: true,
};

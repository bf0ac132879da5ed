// Both gateways in a process of their own: every answer is signed, no request is checked, nothing is ever paid.
// Reads what wallets.mjs gives it on stdin, says `ready` on stdout; `GET /count` tells what it was asked, `GET /mark?NUMBER`
// what an order at WeChat Pay was to carry.
import { createPrivateKey, randomBytes, sign } from 'node:crypto';
import { createServer } from 'node:http';
import { json, text } from 'node:stream/consumers';

const { port, alipayKey, wechatpayKey, ids } = await json(process.stdin);
const keys = { alipay: createPrivateKey(alipayKey), wechatpay: createPrivateKey(wechatpayKey) };
const count = { creates: 0, questions: 0 };
/** Of the last orders. */
const marks = new Map();
const MOST_MARKS = 10_000;
const signed = (key, bytes) => sign('RSA-SHA256', Buffer.from(bytes), key).toString('base64');

createServer(async (request, response) => {
  const url = new URL(request.url, 'http://localhost');
  const body = await text(request);
  if (url.pathname === '/count') response.end(JSON.stringify(count));
  else if (url.pathname === '/mark') response.end(JSON.stringify({ mark: marks.get(url.search.slice(1)) }));
  else if (url.pathname === '/gateway.do') alipay(url, body, response);
  else wechatpay(url, body, response);
}).listen(port, '127.0.0.1', () => console.log('ready'));

function alipay(url, body, response) {
  const method = url.searchParams.get('method');
  const { out_trade_no } = JSON.parse(new URLSearchParams(body).get('biz_content'));
  const isCreate = method === 'alipay.trade.precreate';
  count[isCreate ? 'creates' : 'questions'] += 1;
  const node = JSON.stringify(
    isCreate
      ? {
          code: '10000',
          msg: 'Success',
          out_trade_no,
          qr_code: `https://qr.alipay.com/bax${out_trade_no.slice(-16)}`,
        }
      : { code: '40004', msg: 'Business Failed', sub_code: 'ACQ.TRADE_NOT_EXIST', sub_msg: '交易不存在' },
  );
  response.setHeader('content-type', 'application/json;charset=utf-8');
  response.end(`{"${method.replaceAll('.', '_')}_response":${node},"sign":"${signed(keys.alipay, node)}"}`);
}

function wechatpay(url, body, response) {
  const isCreate = url.pathname.endsWith('/native');
  const isClose = url.pathname.endsWith('/close');
  if (isCreate) {
    const { out_trade_no, attach } = JSON.parse(body);
    if (marks.size >= MOST_MARKS) marks.clear();
    marks.set(out_trade_no, attach);
  }
  count[isCreate ? 'creates' : 'questions'] += 1;
  const answer = isClose
    ? ''
    : JSON.stringify(
        isCreate
          ? { code_url: `weixin://wxpay/bizpayurl?pr=${randomBytes(6).toString('hex')}` }
          : {
              ...{ appid: ids.appId, mchid: ids.mchId, out_trade_no: url.pathname.split('/').at(-1) },
              ...{ trade_state: 'NOTPAY', trade_state_desc: '订单未支付' },
            },
      );
  const [timestamp, nonce] = [String(Math.floor(Date.now() / 1000)), randomBytes(16).toString('hex')];
  const bytes = `${timestamp}\n${nonce}\n${answer}\n`;
  response.writeHead(isClose ? 204 : 200, {
    'content-type': 'application/json',
    'wechatpay-timestamp': timestamp,
    'wechatpay-nonce': nonce,
    'wechatpay-serial': ids.keyId,
    'wechatpay-signature': signed(keys.wechatpay, bytes),
  });
  response.end(answer);
}

// The floor of a notification: its signature is verified, WeChat Pay's is opened, and nothing is kept.
// node bench/verifier.mjs PORT, with a server's environment.
import { createDecipheriv, createPublicKey, verify } from 'node:crypto';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';

const keys = {
  alipay: createPublicKey(process.env.AP_PUB_KEY),
  wechatpay: createPublicKey(process.env.WXPAY_PUB_KEY),
};
const holds = (key, bytes, signature) =>
  verify('RSA-SHA256', Buffer.from(bytes), key, Buffer.from(signature, 'base64'));

function alipay(body) {
  const { sign, sign_type, ...fields } = Object.fromEntries(new URLSearchParams(body));
  const names = Object.keys(fields).sort();
  return holds(keys.alipay, names.map((name) => `${name}=${fields[name]}`).join('&'), sign);
}

function wechatpay(body, headers) {
  const [timestamp, nonce, signature] = ['timestamp', 'nonce', 'signature'].map(
    (name) => headers[`wechatpay-${name}`],
  );
  if (!holds(keys.wechatpay, `${timestamp}\n${nonce}\n${body}\n`, signature)) return false;
  const { resource } = JSON.parse(body);
  const bytes = Buffer.from(resource.ciphertext, 'base64');
  const opening = createDecipheriv('aes-256-gcm', process.env.WXPAY_API_V3_KEY, resource.nonce);
  opening.setAuthTag(bytes.subarray(-16)).setAAD(Buffer.from(resource.associated_data));
  JSON.parse(`${opening.update(bytes.subarray(0, -16))}${opening.final()}`);
  return true;
}

createServer(async (request, response) => {
  if (request.method !== 'POST') return response.end();
  const body = await text(request);
  const isTrue = request.url === '/notify/alipay' ? alipay(body) : wechatpay(body, request.headers);
  response.writeHead(isTrue ? 200 : 400).end(isTrue ? 'success' : 'fail');
}).listen(Number(process.argv[2]), '127.0.0.1');

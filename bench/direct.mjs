// A signed call to the gateway with nothing around it, as the reference of what our part adds.
import { createPrivateKey, createPublicKey, sign, verify } from 'node:crypto';
import { Agent, request } from 'node:http';
import { text } from 'node:stream/consumers';

/** @param env a server's */
export function directCaller(env) {
  const [own, alipay] = [createPrivateKey(env.AP_APP_KEY), createPublicKey(env.AP_PUB_KEY)];
  const agent = new Agent({ keepAlive: true });
  return async function call(method, content) {
    const fields = {
      ...{ app_id: env.AP_APP_ID, method, charset: 'utf-8', sign_type: 'RSA2', version: '1.0' },
      ...{ timestamp: '2026-11-28 12:00:00', biz_content: JSON.stringify(content) },
    };
    const names = Object.keys(fields).sort();
    const bytes = names.map((name) => `${name}=${fields[name]}`).join('&');
    const { biz_content, ...query } = {
      ...fields,
      sign: sign('RSA-SHA256', Buffer.from(bytes), own).toString('base64'),
    };
    const said = await new Promise((resolve, reject) => {
      const headers = { 'content-type': 'application/x-www-form-urlencoded;charset=utf-8' };
      const sent = request(`${env.AP_GATEWAY}?${new URLSearchParams(query)}`, {
        method: 'POST',
        agent,
        headers,
      });
      sent.on('response', (response) => text(response).then(resolve, reject));
      sent.on('error', reject);
      sent.end(`${new URLSearchParams({ biz_content })}`);
    });
    const node = said.slice(said.indexOf(':') + 1, said.lastIndexOf(',"sign"'));
    const signature = Buffer.from(JSON.parse(said).sign, 'base64');
    if (!verify('RSA-SHA256', Buffer.from(node), alipay, signature)) throw new Error('bad signature');
  };
}

import { createHmac } from 'node:crypto';
import type { Answer } from '../http.ts';
import type { Refusal } from '../state/inbox.ts';
import { addressOf, boxNamed, isSame, membersOf, type Receiver, textOf } from './receiver.ts';

const TOLERANCE_S = 300;
const STATUS: Readonly<Record<Refusal, number>> = {
  signature: 401,
  clock: 401,
  keyword: 403,
  limited: 429,
  removed: 410,
  malformed: 400,
  'unknown-type': 400,
  'too-large': 413,
  busy: 503,
};

/**
 * The merchant's own systems, which take what is signed by Standard Webhooks.
 * @see https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
export const WEBHOOK: Receiver = {
  kind: 'webhook',
  name: { zh: '自有系统', en: 'Webhook' },
  mark: '{}',
  accent: '#475569',
  route: '/inbox/webhook/:box',
  address: (origin, box) => `${origin}/inbox/webhook/${box}`,
  secret: (bytes) => `whsec_${bytes.toString('base64')}`,
  boxOf: (incoming) => boxNamed(addressOf(incoming).pathname.split('/').at(-1)),
  limits: [],
  read({ headers, body }, secret, now) {
    const id = headers['webhook-id'] ?? '';
    const timestamp = headers['webhook-timestamp'] ?? '';
    const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
    const expected = createHmac('sha256', key)
      .update(Buffer.concat([Buffer.from(`${id}.${timestamp}.`), body]))
      .digest('base64');
    const given = (headers['webhook-signature'] ?? '').split(' ');
    if (id === '' || id.includes('.') || !given.some((one) => isSame(one, `v1,${expected}`)))
      return 'signature';
    if (!/^\d+$/.test(timestamp) || Math.abs(Number(timestamp) - now / 1000) > TOLERANCE_S) return 'clock';
    const said = membersOf(body);
    const type = textOf(said?.type);
    if (said === undefined || type === undefined || !/^[\w.-]+$/.test(type)) return 'malformed';
    if (Number.isNaN(Date.parse(String(said.timestamp))) || membersOf(said.data) === undefined)
      return 'malformed';
    const raw = JSON.stringify(said, undefined, 2);
    return { tone: 'grey', title: type, text: '', raw, buttons: [], links: [], mentions: [] };
  },
  idOf: ({ headers }) => headers['webhook-id'],
  answer(refused): Answer {
    return { status: refused === undefined ? 204 : STATUS[refused], headers: {}, body: refused ?? '' };
  },
};

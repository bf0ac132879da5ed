import { sign } from 'node:crypto';
import { GatewayDeclined, OutcomeUnknown, type PreorderTerms } from '../contract.ts';
import { readAnswer, requestIdOf, textAt, UNREADABLE, wordAt } from '../v3/answer.ts';
import type { Ports } from '../v3/exchange.ts';
import { nonce, timestamp } from '../v3/sign.ts';
import type { SkillHubDeveloper } from './skillhub.ts';

const PATH = '/palmpayminiapp/clawagentpay/preorder';
const SIGNATURE_TYPE = 'SKILLHUB-SHA256-RSA2048';
/** ms; somebody waits for a 402 that can do without. */
const TIMEOUT_MS = 5_000;
/** It goes into a header: 36 characters have been seen. */
const PAYMENT_CODE = /^[\x21-\x7e]{1,128}$/;

/**
 * Has a payment code made for an order, which the host of an agent can redeem with its user's yes. The developer signs
 * the request, nobody signs the answer, and the code is not looked at against the order: it proves nothing.
 *
 * @see https://skillhub.cn/tutorials (agent-pay-onboard)
 */
export async function preorder(
  { developerId, key, keyId, origin }: SkillHubDeveloper,
  { clock, http, randomBytes }: Ports,
  { codeUrl, expiresAt, skillId, skillVersion }: PreorderTerms,
): Promise<string> {
  const wanted = {
    skill_info: {
      skill_id: skillId,
      ...(skillVersion === undefined ? {} : { skill_version: skillVersion }),
    },
    pay_type: 'SKILL_PAY',
    pay_mode: 'AUTH_AND_PAY',
    pay_items: [
      {
        product_id: `SP${nonce(randomBytes)}`,
        pay_data: { type: 'code_url', value: codeUrl },
      },
    ],
    expires_at: String(Math.floor(expiresAt / 1000)),
  };
  const paymentRequired = Buffer.from(JSON.stringify(wanted)).toString('base64');
  const [at, once] = [timestamp(clock), nonce(randomBytes)];
  const lines = ['POST', PATH, at, once, paymentRequired].map((line) => `${line}\n`).join('');
  const response = await http.send({
    method: 'POST',
    url: `${origin}${PATH}`,
    headers: { 'Content-Type': 'application/json', Accept: 'application/json', 'User-Agent': 'mcp-cashier' },
    body: JSON.stringify({
      signature_type: SIGNATURE_TYPE,
      developer_platform: 'SKILLHUB',
      developer_id: developerId,
      pub_key_id: keyId,
      nonce_str: once,
      timestamp: at,
      payment_required: paymentRequired,
      signature: sign('RSA-SHA256', Buffer.from(lines), key).toString('base64'),
    }),
    timeoutMs: TIMEOUT_MS,
  });
  const { status, headers, body } = response;
  const requestId = requestIdOf(headers);
  const answer = readAnswer(body);
  const code = textAt(answer, 'payment_code');
  if (status === 200 && code !== undefined && PAYMENT_CODE.test(code)) return code;
  if (status >= 500 || answer === undefined || code !== undefined) {
    throw new OutcomeUnknown(status === 200 ? 'unreadable-answer' : `http-${status}`, requestId);
  }
  // Its errors are in no document; a number is as likely as a word.
  const said = wordAt(answer, 'code') ?? wordAt({ code: String(answer.code ?? '') }, 'code') ?? UNREADABLE;
  throw new GatewayDeclined('other', said, false, requestId);
}

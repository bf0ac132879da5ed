import type { Clock } from '../../domain/clock.ts';
import { GatewayDeclined, GatewayUnavailable, OutcomeUnknown } from '../contract.ts';
import { readAnswer, textAt } from '../v3/answer.ts';
import { readCertificates } from '../v3/certificates.ts';
import type { SendSigned } from '../v3/exchange.ts';
import type { WechatpayConfig } from './config.ts';
import type { WechatpayExchange } from './gateway.ts';
import { merchantOf } from './merchant.ts';
import { CERTIFICATE_WORDS } from './platform-keys.ts';
import { queryTrade } from './trade.ts';

export interface SelfTest {
  readonly config: WechatpayConfig;
  readonly exchange: WechatpayExchange;
  readonly send: SendSigned;
  readonly clock: Clock;
}

/**
 * Proves merchant ID, key, serial and WeChat Pay's key by the gateway's own echo, or, with platform certificates,
 * by their download and a question about an order that nobody has. Whether an AppID is bound to its merchant shows
 * only when an order is made.
 * @see https://pay.weixin.qq.com/doc/v3/merchant/4015164042
 */
export async function checkCredentials(test: SelfTest): Promise<readonly string[]> {
  const { platformKey, subMerchant } = test.config;
  const unproven = ['WXPAY_APP_ID', ...(subMerchant?.appId === undefined ? [] : ['WXPAY_SUB_APP_ID'])];
  if (platformKey === undefined) {
    await askForNothing(test);
    return unproven;
  }
  await echo(test);
  // The echo is the provider's own affair; a question is asked in the sub-merchant's name.
  if (subMerchant) await askForNothing(test);
  return (await provesApiV3Key(test)) ? unproven : [...unproven, 'WXPAY_API_V3_KEY'];
}

async function echo(test: SelfTest): Promise<void> {
  const message = `mcp-cashier ${test.clock.now()}`;
  const body = JSON.stringify({ echo_message: message });
  try {
    const answer = await test.exchange('self-test', { method: 'POST', path: '/v3/security/echo', body });
    if (textAt(readAnswer(answer.body), 'echo_message') !== message) {
      throw new OutcomeUnknown('answer-of-another-call', answer.requestId);
    }
  } catch (error) {
    // The echo is newer than the rest of the API; whoever has not got it yet still answers questions.
    if (!(error instanceof GatewayDeclined && error.reason === 'other')) throw error;
    await askForNothing(test);
  }
}

async function askForNothing({ exchange, config, clock }: SelfTest): Promise<void> {
  await queryTrade(exchange, merchantOf(config), `SELFTEST_${clock.now()}`);
}

/**
 * Beside a pinned key, only a merchant who still has platform certificates can prove the APIv3 key without a
 * notification. Throws GatewayDeclined when it does not open them; false when nothing was learned.
 */
async function provesApiV3Key({ send, config, clock }: SelfTest): Promise<boolean> {
  const { apiV3Key, platformKey } = config;
  const known = (serial: string) => (serial === platformKey?.id ? platformKey.key : undefined);
  try {
    const response = await send({ method: 'GET', path: '/v3/certificates' });
    const context = { apiKey: apiV3Key, known, isFirst: false, now: clock.now() };
    await readCertificates(response, context, CERTIFICATE_WORDS);
    return true;
  } catch (error) {
    if (error instanceof GatewayDeclined && error.gatewayCode !== 'CERTIFICATES_UNDECRYPTABLE') return false;
    if (error instanceof GatewayUnavailable || error instanceof OutcomeUnknown) return false;
    throw error;
  }
}

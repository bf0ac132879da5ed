import { wrongSetting } from '../../domain/errors.ts';
import type { SignType } from './keys.ts';

/** The one service of Alipay's sandbox. */
export const SANDBOX_SERVICE = 'api_mock_service_id';

/** Who sells, as a bill has it. */
export interface A2mSeller {
  readonly sellerId: string;
  readonly sellerName: string;
  /** As Alipay has registered it, for prices that name none. */
  readonly serviceId?: string;
}

type Env = Readonly<Record<string, string | undefined>>;

/**
 * Reads what selling single calls takes beyond the app; undefined when it is not known who sells and nothing says that
 * it should be. Throws CONFIGURATION where a service is named and the rest of it is missing.
 */
export function readA2mSeller(
  env: Env,
  app: {
    readonly sellerId: string | undefined;
    readonly signType: SignType;
    readonly world: 'prod' | 'sandbox';
  },
): A2mSeller | undefined {
  const { sellerId, signType, world } = app;
  const service = readService(env.AP_A2M_SERVICE_ID?.trim() || undefined, world);
  const sellerName = env.CASHIER_MERCHANT_NAME?.trim() || undefined;
  if (service !== undefined) {
    if (sellerId === undefined) {
      throw wrongSetting(
        'AP_SELLER_ID',
        '没有设置，却设置了 AP_A2M_SERVICE_ID：按量付费的账单要写明收款商家，请填商户号 PID（2088 开头），或去掉 AP_A2M_SERVICE_ID。',
        'is not set, but AP_A2M_SERVICE_ID is: a bill for a call names who is paid, so set the seller id (2088…), or unset AP_A2M_SERVICE_ID.',
      );
    }
    if (sellerName === undefined) {
      throw wrongSetting(
        'CASHIER_MERCHANT_NAME',
        '没有设置，却设置了 AP_A2M_SERVICE_ID：按量付费的账单要写明收款方名称，请设置它，或去掉 AP_A2M_SERVICE_ID。',
        'is not set, but AP_A2M_SERVICE_ID is: a bill for a call names the payee, so set it, or unset AP_A2M_SERVICE_ID.',
      );
    }
    if (signType !== 'RSA2') {
      throw wrongSetting(
        'AP_ENCRYPTION_ALGO',
        '是 RSA，却设置了 AP_A2M_SERVICE_ID：按量付费的账单只能用 RSA2 签名，请改用 RSA2 密钥，或去掉 AP_A2M_SERVICE_ID。',
        'is RSA, but AP_A2M_SERVICE_ID is set: bills for calls are signed with RSA2 only, so use an RSA2 key, or unset AP_A2M_SERVICE_ID.',
      );
    }
  }
  if (sellerId === undefined || sellerName === undefined || signType !== 'RSA2') return undefined;
  const serviceId = world === 'sandbox' ? SANDBOX_SERVICE : service;
  return { sellerId, sellerName, ...(serviceId === undefined ? {} : { serviceId }) };
}

function readService(text: string | undefined, world: 'prod' | 'sandbox'): string | undefined {
  if (text === undefined || isServiceId(text)) return text;
  if (text === SANDBOX_SERVICE && world === 'sandbox') return text;
  if (text === SANDBOX_SERVICE) {
    throw wrongSetting(
      'AP_A2M_SERVICE_ID',
      '填的是沙箱的服务，而当前是正式环境：填登记服务后得到的 serviceId（API_ 开头），或设 AP_CURRENT_ENV=sandbox。',
      "is the sandbox's service, but this is production: put the serviceId that registering the service gave you (API_…), or set AP_CURRENT_ENV=sandbox.",
    );
  }
  throw wrongSetting(
    'AP_A2M_SERVICE_ID',
    '不是按量付费的 serviceId：填登记服务后得到的编号（API_ 开头），或不设置。',
    'is not the serviceId of a service that is paid per call: put the one that registering it gave you (API_…), or unset it.',
  );
}

/** Whether a text is what Alipay gives out for a registered service. */
export function isServiceId(text: string): boolean {
  return /^API_[A-Za-z0-9_-]{1,60}$/.test(text);
}

import { createPublicKey, type KeyObject } from 'node:crypto';
import { wrongSetting } from '../../domain/errors.ts';
import { readPastedKey } from '../pasted-key.ts';
import { whatItIs } from '../pasted-key-words.ts';

/** RSA2 keys of an app have 2048 bits or more; the old RSA (SHA-1) was issued with 1024. Bits. */
const MIN_BITS = { RSA2: 2048, RSA: 1024 } as const;
export type SignType = keyof typeof MIN_BITS;

const WANTED = {
  private: {
    zh: '请填应用私钥（密钥工具生成，PKCS1 或 PKCS8，PEM 或纯 base64）',
    en: "paste the app's private key (PKCS1 or PKCS8, PEM or bare base64)",
  },
  public: {
    zh: '请填开放平台“接口加签方式”中的支付宝公钥（PEM 或纯 base64）',
    en: "paste Alipay's public key, shown in the open platform next to your app's (PEM or bare base64)",
  },
} as const;

/** Reads AP_APP_KEY, the app's own private key. */
export function readAppPrivateKey(variable: string, text: string, signType: SignType): KeyObject {
  return readKey(variable, text, 'private', signType);
}

/** Reads AP_PUB_KEY: Alipay's key, not the public half of the app's own. */
export function readAlipayPublicKey(
  variable: string,
  text: string,
  signType: SignType,
  appPrivateKey: KeyObject,
): KeyObject {
  const key = readKey(variable, text, 'public', signType);
  if (key.equals(createPublicKey(appPrivateKey))) {
    throw wrongSetting(
      variable,
      `填的是应用公钥（与应用私钥是一对），${WANTED.public.zh}。`,
      `holds the app's own public key (it pairs with the private key): ${WANTED.public.en}.`,
    );
  }
  return key;
}

function readKey(
  variable: string,
  text: string,
  wanted: 'private' | 'public',
  signType: SignType,
): KeyObject {
  const pasted = readPastedKey(text);
  if (!('form' in pasted) || pasted.kind !== wanted) {
    const wrong = whatItIs(pasted.kind, variable);
    throw wrongSetting(variable, `${wrong.zh}，${WANTED[wanted].zh}。`, `${wrong.en}: ${WANTED[wanted].en}.`);
  }
  if (pasted.algorithm !== 'rsa') {
    throw wrongSetting(
      variable,
      `填的不是 RSA 密钥，${WANTED[wanted].zh}。`,
      `holds a key that is not RSA: ${WANTED[wanted].en}.`,
    );
  }
  const least = MIN_BITS[signType];
  if (pasted.bits < least) {
    throw wrongSetting(
      variable,
      `只有 ${pasted.bits} 位，${signType} 至少要 ${least} 位，请重新生成密钥并上传到开放平台。`,
      `has ${pasted.bits} bits and ${signType} needs at least ${least}: make a new key pair and upload it.`,
    );
  }
  return pasted.key;
}

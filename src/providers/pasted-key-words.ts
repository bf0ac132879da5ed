import type { Text } from '../domain/errors.ts';
import type { PastedKey } from './pasted-key.ts';

/** What stands in `variable`, as the rest of a sentence that begins with its name. */
export function whatItIs(kind: PastedKey['kind'], variable: string): Text {
  const file = `${variable.replace(/_FILE$/, '')}_FILE`;
  return kind === 'path'
    ? {
        zh: `填的是文件路径，不是密钥内容（路径填到 ${file}）`,
        en: `holds the path of a file, not the key (a path belongs in ${file})`,
      }
    : WORDS[kind];
}

const WORDS: Readonly<Record<Exclude<PastedKey['kind'], 'path'>, Text>> = {
  private: { zh: '填的是私钥', en: 'holds a private key' },
  public: { zh: '填的是公钥', en: 'holds a public key' },
  certificate: { zh: '填的是证书，不是密钥', en: 'holds a certificate, not a key' },
  encrypted: { zh: '填的是带密码的密钥', en: 'holds a key that is locked with a passphrase' },
  'wechat-id': {
    zh: '填的是微信支付公钥 ID（PUB_KEY_ID_…），不是密钥',
    en: 'holds the id of a WeChat Pay public key (PUB_KEY_ID_…), not a key',
  },
  'short-word': {
    zh: '太短，不是密钥（像是微信支付的证书序列号、APIv3 密钥，或被截断的内容）',
    en: 'is too short for a key (perhaps a serial number or APIv3 key of WeChat Pay, or cut off)',
  },
  empty: { zh: '没有密钥内容', en: 'has no key in it' },
  request: {
    zh: '填的是证书请求（CSR），不是密钥',
    en: 'holds a certificate request (CSR), not a key',
  },
  openssh: {
    zh: '填的是 SSH 格式的密钥，支付平台不用这种格式',
    en: 'holds a key in the format of SSH, which no gateway uses',
  },
  pkcs12: {
    zh: '填的是 .p12/.pfx 证书包，不是密钥',
    en: 'holds a .p12 or .pfx archive, not a key',
  },
  unreadable: {
    zh: '不是可以识别的密钥，可能被截断或混入了其他字符',
    en: 'cannot be read as a key; it may be cut off or mixed with other characters',
  },
};

import type { Text } from '../domain/errors.ts';
import { error, type Finding, ok } from './finding.ts';
import type { KeyFacts } from './key-facts.ts';

/** A place for a key, and what belongs there. */
export interface KeyPlace {
  /** Of the findings, such as `alipay.app-key`. */
  readonly id: string;
  /** As it was given, perhaps the `…_FILE` form. */
  readonly variable: string;
  readonly wanted: 'private' | 'public';
  readonly name: Text;
  /** Where to find the right one. */
  readonly remedy: readonly [zh: string, en: string];
  readonly leastBits: number;
}

/** Everything that can be seen on a key without its other half: one finding. */
export function examineKey(place: KeyPlace, facts: KeyFacts): Finding {
  const wrong = problemOf(place, facts);
  if (wrong === undefined && 'form' in facts) {
    const how = `${facts.form}, ${facts.coat}, ${facts.bits}`;
    return ok(place.id, {
      variable: place.variable,
      zh: `${place.name.zh}可读（${how} 位）。`,
      en: `${capital(place.name.en)} is readable (${how} bits).`,
    });
  }
  const { what, zh, en, remedy = place.remedy } = wrong ?? unreadable();
  return error(`${place.id}-${what}`, {
    variable: place.variable,
    zh: `${place.variable} ${zh}。`,
    en: `${place.variable} ${en}.`,
    remedy,
  });
}

interface Problem extends Text {
  readonly what: string;
  readonly remedy?: readonly [zh: string, en: string];
}

function problemOf(place: KeyPlace, facts: KeyFacts): Problem | undefined {
  const plain = place.variable.replace(/_FILE$/, '');
  switch (facts.kind) {
    case 'private':
    case 'public':
      break;
    case 'certificate':
      return { what: 'is-certificate', zh: '填的是证书，不是密钥', en: 'holds a certificate, not a key' };
    case 'encrypted':
      return {
        what: 'encrypted',
        zh: '填的是带密码的密钥',
        en: 'holds a key that is locked with a passphrase',
        remedy: [
          '先去掉密码：openssl pkey -in 旧文件 -out 新文件，再填新文件。',
          'Remove the passphrase with openssl pkey -in OLD -out NEW, and give the new file.',
        ],
      };
    case 'path':
      return {
        what: 'is-path',
        zh: '填的是文件路径，不是密钥内容',
        en: 'holds the path of a file, not the key',
        remedy: [`把路径改填到 ${plain}_FILE。`, `Put the path into ${plain}_FILE instead.`],
      };
    case 'wechat-id':
      return {
        what: 'is-id',
        zh: '填的是微信支付公钥 ID（PUB_KEY_ID_…），不是密钥',
        en: 'holds the id of a WeChat Pay public key (PUB_KEY_ID_…), not a key',
      };
    case 'short-word':
      return {
        what: 'too-short-text',
        zh: '太短，不是密钥（像是序列号、APIv3 密钥或被截断的内容）',
        en: 'is too short for a key (perhaps a serial number, an APIv3 key, or cut off)',
      };
    case 'empty-pem':
      return { what: 'empty', zh: '没有密钥内容', en: 'has no key in it' };
    default:
      return unreadable();
  }
  if (facts.algorithm !== 'rsa') {
    return {
      what: 'not-rsa',
      zh: `是 ${facts.algorithm.toUpperCase()} 密钥，支付网关只用 RSA`,
      en: `holds a key of type ${facts.algorithm.toUpperCase()}; the gateway takes RSA only`,
    };
  }
  if (facts.kind !== place.wanted) {
    return place.wanted === 'private'
      ? {
          what: 'is-public',
          zh: '填的是公钥，这里要私钥',
          en: 'holds a public key where the private one belongs',
        }
      : {
          what: 'is-private',
          zh: '填的是私钥，这里要公钥',
          en: 'holds a private key where a public one belongs',
        };
  }
  if (facts.bits < place.leastBits) {
    return {
      what: 'too-short',
      zh: `只有 ${facts.bits} 位，至少要 ${place.leastBits} 位`,
      en: `has ${facts.bits} bits and needs at least ${place.leastBits}`,
      remedy: ['重新生成密钥并在平台上更换。', 'Make a new key pair and replace it on the platform.'],
    };
  }
  return undefined;
}

function unreadable(): Problem {
  return {
    what: 'unreadable',
    zh: '不是可以识别的密钥，可能被截断、换行丢失或混入其他字符',
    en: 'is no readable key; it may be cut off or mixed with other characters',
  };
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

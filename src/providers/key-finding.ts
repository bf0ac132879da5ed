import type { Text } from '../domain/errors.ts';
import { error, type Finding, ok } from './finding.ts';
import type { PastedKey } from './pasted-key.ts';
import { whatItIs } from './pasted-key-words.ts';

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
export function examineKey(place: KeyPlace, facts: PastedKey): Finding {
  const wrong = problemOf(place, facts);
  if (wrong === undefined && 'form' in facts) {
    const how = `${facts.form}, ${facts.coat}, ${facts.bits}`;
    return ok(place.id, {
      variable: place.variable,
      zh: `${place.name.zh}可读（${how} 位）。`,
      en: `${capital(place.name.en)} is readable (${how} bits).`,
    });
  }
  const {
    what,
    zh,
    en,
    remedy = place.remedy,
  } = wrong ?? { what: 'unreadable', ...whatItIs('unreadable', place.variable) };
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

type NotAKey = Exclude<PastedKey['kind'], 'private' | 'public'>;

/** The last part of a finding's name, by what was pasted. */
const NAMES: Readonly<Record<NotAKey, string>> = {
  certificate: 'is-certificate',
  encrypted: 'encrypted',
  path: 'is-path',
  'wechat-id': 'is-id',
  'short-word': 'too-short-text',
  empty: 'empty',
  request: 'is-request',
  openssh: 'is-openssh',
  pkcs12: 'is-archive',
  unreadable: 'unreadable',
};

/** What to do with it, where that is more than to give another one. */
const REMEDIES: Readonly<Partial<Record<NotAKey, (variable: string) => readonly [zh: string, en: string]>>> =
  {
    encrypted: () => [
      '先去掉密码：openssl pkey -in 旧文件 -out 新文件，再填新文件。',
      'Remove the passphrase with openssl pkey -in OLD -out NEW, and give the new file.',
    ],
    path: (variable) => [`把路径改填到 ${variable}_FILE。`, `Put the path into ${variable}_FILE instead.`],
    openssh: () => [
      '转换成 PEM：ssh-keygen -p -m PEM -f 文件，或重新生成 RSA 密钥。',
      'Convert it with ssh-keygen -p -m PEM -f FILE, or make a new RSA key.',
    ],
    pkcs12: () => [
      '取出私钥：openssl pkcs12 -in 文件 -nocerts -nodes（微信支付的密码是商户号），或直接用 apiclient_key.pem。',
      "Take the key out with openssl pkcs12 -in FILE -nocerts -nodes (WeChat Pay's passphrase is the merchant ID), or use apiclient_key.pem.",
    ],
  };

function problemOf(place: KeyPlace, facts: PastedKey): Problem | undefined {
  if (!('form' in facts)) {
    const remedy = REMEDIES[facts.kind]?.(place.variable.replace(/_FILE$/, ''));
    return { what: NAMES[facts.kind], ...whatItIs(facts.kind, place.variable), ...(remedy && { remedy }) };
  }
  if (facts.algorithm !== 'rsa') {
    return {
      what: 'not-rsa',
      zh: `是 ${facts.algorithm.toUpperCase()} 密钥，支付平台只用 RSA`,
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

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

import type { Bug } from '../bug.ts';

const BYTES = 'Verify the bytes received';

/** Signatures, seals, certificates, and what of a message they do not cover. */
export const SIGNATURES: readonly Bug[] = [
  {
    name: 'gcm-tag-unchecked',
    deed: 'A notification is decrypted without asking whether the tag fits, as a well-known SDK does.',
    breaks: BYTES,
    edits: [
      [
        'src/providers/v3/cipher.ts',
        'decipher.update(bytes.subarray(0, split)), decipher.final()',
        'decipher.update(bytes.subarray(0, split))',
      ],
    ],
    caughtBy: ['test/providers/wechatpay/cipher.test.ts'],
  },
  {
    name: 'receipt-of-any-purpose',
    deed: 'Whatever is signed by the key of receipts counts as a receipt, whatever it was signed for.',
    breaks: BYTES,
    edits: [['src/receipts/verify.ts', ' || header.typ !== RECEIPT_TYPE', '']],
    caughtBy: ['test/receipts/verify.test.ts'],
  },
  {
    name: 'receipt-key-by-its-label',
    deed: 'The key of a receipt is the one that bears its name in the set, instead of the one that it names.',
    breaks: BYTES,
    edits: [
      [
        'src/receipts/verify.ts',
        'keys.flatMap((key) => receiptJwk(key) ?? []).find((one) => kidOf(one) === header.kid)',
        'receiptJwk(keys.find((key) => (key as { kid?: string } | null)?.kid === header.kid))',
      ],
    ],
    caughtBy: ['test/receipts/verify.test.ts'],
  },
  {
    name: 'receipt-of-a-stolen-key-believed',
    deed: "What is signed by the ledger's own key is right, although the ledger does not bear it out.",
    breaks: BYTES,
    edits: [
      [
        'src/cli/receipts-words.ts',
        "jwks !== undefined && one.word.look === 'others'",
        "one.word.look === 'others'",
      ],
    ],
    caughtBy: ['test/cli/receipts.test.ts'],
  },
  {
    name: 'receipt-keys-replaced',
    deed: 'A new key of receipts takes the place of those before it, and old receipts verify no more.',
    breaks: BYTES,
    edits: [['src/ledger/receipt-keys.ts', '[...known, publicJwk(signing.key)]', '[publicJwk(signing.key)]']],
    caughtBy: ['test/receipts/receipts.test.ts'],
  },
  {
    name: 'associated-data-unbound',
    deed: 'The associated data of a sealed notification is left out.',
    breaks: BYTES,
    edits: [
      [
        'src/providers/v3/cipher.ts',
        ".setAAD(Buffer.from(sealed.associatedData ?? ''))",
        ".setAAD(Buffer.from(''))",
      ],
    ],
    caughtBy: ['test/providers/wechatpay/cipher.test.ts'],
  },
  {
    name: 'signature-skipped-when-empty',
    deed: 'Where there is no signature there is nothing to verify.',
    breaks: BYTES,
    edits: [
      [
        'src/providers/alipay/signature.ts',
        '  const signature = Buffer.from(base64',
        "  if (base64 === '') return true;\n  const signature = Buffer.from(base64",
      ],
      [
        'src/providers/alipay/notify.ts',
        "if (sign === undefined || sign === '') throw",
        'if (sign === undefined) throw',
      ],
    ],
    caughtBy: ['test/providers/alipay/answer.test.ts'],
  },
  {
    name: 'unsigned-success-believed',
    deed: "An answer of Alipay's without a signature counts as a success.",
    breaks: BYTES,
    edits: [
      [
        'src/providers/alipay/errors.ts',
        "  if (!proven) throw new OutcomeUnknown('unsigned-success', requestId);\n",
        '',
      ],
    ],
    caughtBy: ['test/providers/alipay/trade.test.ts', 'test/providers/alipay/tampering.test.ts'],
  },
  {
    name: 'algorithm-from-the-message',
    deed: 'Which algorithm a notification is signed by is read from the notification.',
    breaks: BYTES,
    edits: [
      [
        'src/providers/alipay/notify.ts',
        "if (signType !== undefined && signType !== configured) throw new NotifyRejected('sign-type');",
        '',
      ],
      [
        'src/providers/alipay/notify.ts',
        'trusted.some((trust) => signatureHolds(text, sign, trust));',
        'trusted.some((trust) => signatureHolds(text, sign, { ...trust, signType: (signType ?? configured) as typeof configured }));',
      ],
    ],
    caughtBy: ['test/providers/alipay/notify.test.ts', 'test/providers/alipay/notify-tampering.test.ts'],
  },
  {
    name: 'several-spellings-of-a-signature',
    deed: 'A signature is decoded by a lenient base64, so that several spellings of it hold.',
    breaks: BYTES,
    edits: [
      [
        'src/providers/v3/verifier.ts',
        "    if (bytes.toString('base64') !== signature) return 'bad-signature';\n",
        '',
      ],
      [
        'src/providers/alipay/signature.ts',
        "  if (signature.toString('base64') !== base64) return false;\n",
        '',
      ],
    ],
    caughtBy: ['test/providers/wechatpay/verifier.test.ts', 'test/providers/alipay/answer.test.ts'],
  },
  {
    name: 'signature-over-the-parsed-body',
    deed: 'The signature is checked over the body as it was parsed and written again.',
    breaks: BYTES,
    edits: [
      [
        'src/providers/v3/verifier.ts',
        '`${timestamp}\\n${nonce}\\n`), body,',
        '`${timestamp}\\n${nonce}\\n`), rewritten(body),',
      ],
      [
        'src/providers/v3/verifier.ts',
        '/** ms; how far the signing time',
        "function rewritten(body: Buffer): Buffer {\n  try {\n    return Buffer.from(JSON.stringify(JSON.parse(body.toString('utf8'))));\n  } catch {\n    return body;\n  }\n}\n\n/** ms; how far the signing time",
      ],
    ],
    caughtBy: [
      'test/providers/wechatpay/verifier.test.ts',
      'test/providers/wechatpay/notify-tampering.test.ts',
      'test/providers/wechatpay/tampering.test.ts',
    ],
  },
  {
    name: 'recut-parameters-accepted',
    deed: 'Parameters of a notification may hold `&`, so that a genuine refund can be recut into a payment.',
    breaks: BYTES,
    edits: [
      [
        'src/providers/alipay/notify.ts',
        "  if (filled.some(isAmbiguous)) throw new NotifyRejected('ambiguous');\n",
        '',
      ],
    ],
    caughtBy: ['test/providers/alipay/notify-hostile.test.ts'],
  },
  {
    name: 'repeated-keys-accepted',
    deed: 'A sealed resource may name a key twice, and the last one wins.',
    breaks: BYTES,
    edits: [['src/providers/v3/answer.ts', 'return surplus === 0 ? answer : undefined;', 'return answer;']],
    caughtBy: [
      'test/providers/wechatpay/notify-hostile.test.ts',
      'test/providers/wechatpay/notify-forged.test.ts',
    ],
  },
  {
    name: 'stale-timestamp-accepted',
    deed: 'How old a signed message is nobody asks.',
    breaks: BYTES,
    edits: [
      [
        'src/providers/v3/verifier.ts',
        'if (!/^\\d{1,12}$/.test(timestamp) || ageMs > maxAgeMs || -ageMs > MAX_AGE_MS) return',
        'if (!/^\\d{1,12}$/.test(timestamp)) return',
      ],
    ],
    caughtBy: ['test/providers/wechatpay/verifier.test.ts'],
  },
  {
    name: 'stale-notify-time-accepted',
    deed: "How old Alipay's notification is nobody asks.",
    breaks: BYTES,
    edits: [
      [
        'src/providers/alipay/notify.ts',
        "  if (now - sentAt > MAX_AGE_MS) throw new NotifyRejected('stale');\n",
        '',
      ],
    ],
    caughtBy: ['test/providers/alipay/notify.test.ts'],
  },
  {
    name: 'newline-in-the-nonce-accepted',
    deed: 'A nonce may hold a newline, which moves the border between it and the body.',
    breaks: BYTES,
    edits: [
      ['src/providers/v3/verifier.ts', 'const NONCE = /^[\\x21-\\x7e]+$/;', 'const NONCE = /^[\\s\\S]+$/;'],
    ],
    caughtBy: [
      'test/providers/wechatpay/verifier.test.ts',
      'test/providers/wechatpay/notify-hostile.test.ts',
    ],
  },
  {
    name: 'certificate-serial-ignored',
    deed: 'Whichever platform key is known verifies whatever serial number a message names.',
    breaks: BYTES,
    edits: [
      [
        'src/providers/wechatpay/platform-keys.ts',
        'keyFor: async (serial) => keys.get(serial),',
        'keyFor: async () => key,',
      ],
    ],
    caughtBy: [
      'test/providers/wechatpay/key-modes.test.ts',
      'test/providers/wechatpay/platform-keys.test.ts',
    ],
  },
  {
    name: 'expired-certificate-trusted',
    deed: 'A platform certificate counts after it has run out.',
    breaks: BYTES,
    edits: [
      [
        'src/providers/v3/downloaded-keys.ts',
        'certificate.from <= now && now < certificate.until',
        'certificate.from <= now',
      ],
    ],
    caughtBy: ['test/providers/wechatpay/platform-keys.test.ts'],
  },
  {
    name: 'unsigned-certificates-believed-later',
    deed: 'A list of platform certificates counts by its seals also once there is a key to verify it with.',
    breaks: BYTES,
    edits: [
      [
        'src/providers/v3/certificates.ts',
        'if (isFirst && words.sealsSuffice) return brought;',
        'if (words.sealsSuffice) return brought;',
      ],
    ],
    caughtBy: ['test/providers/douyinpay/certificates.test.ts'],
  },
  {
    name: 'merchant-of-a-douyinpay-refund-unchecked',
    deed: "A refund notice that names another merchant of Douyin Pay's is taken.",
    breaks: 'Paid means proven',
    edits: [
      [
        'src/providers/douyinpay/notify.ts',
        'if (isOfAnother(answer) || said.some(([named, own]) => named !== own))',
        'if (isOfAnother(answer))',
      ],
    ],
    caughtBy: ['test/providers/douyinpay/notify-hostile.test.ts'],
  },
  {
    name: 'certificate-chain-unchecked',
    deed: "A certificate that names Alipay is trusted without a signature down from the merchant's root.",
    breaks: BYTES,
    edits: [
      [
        'src/providers/alipay/certificates.ts',
        'return of.checkIssued(issuer) && of.verify(issuer.publicKey);',
        'return of.checkIssued(issuer);',
      ],
    ],
    caughtBy: ['test/providers/alipay/certificate-mode.test.ts'],
  },
  {
    name: 'app-unchecked',
    deed: "A notification to another app of Alipay's, correctly signed, is taken.",
    breaks: 'Paid means proven',
    edits: [
      [
        'src/providers/alipay/notify.ts',
        "if (fields.get('app_id') !== config.appId) throw new NotifyRejected('other-app');",
        '',
      ],
    ],
    caughtBy: ['test/providers/alipay/notify-hostile.test.ts'],
  },
  {
    name: 'seller-unchecked',
    deed: 'Who is paid by a notification is not compared with the configured seller.',
    breaks: 'Paid means proven',
    edits: [
      [
        'src/providers/alipay/notify.ts',
        "if (config.sellerId !== undefined && fields.get('seller_id') !== config.sellerId) {",
        "if (config.sellerId === '') {",
      ],
    ],
    caughtBy: ['test/providers/alipay/notify.test.ts'],
  },
  {
    name: 'merchant-of-a-refund-notice-unchecked',
    deed: "A refund notice of another merchant of WeChat Pay's is taken.",
    breaks: 'Paid means proven',
    edits: [
      [
        'src/providers/wechatpay/notify.ts',
        "    named.some(({ name }) => name !== 'sub_mchid') && named.every(({ own, said }) => said === own);",
        "    named.some(({ name }) => name !== 'sub_mchid');",
      ],
      [
        'src/providers/wechatpay/notify.ts',
        "if (named.some(({ own, said }) => typeof said === 'string' && said !== own)) {",
        'if (named.length > 9) {',
      ],
    ],
    caughtBy: ['test/providers/wechatpay/notify-hostile.test.ts'],
  },
  {
    name: 'redirect-followed',
    deed: 'A redirect is followed, with the signed request in hand.',
    breaks: 'Secrets stay home',
    edits: [
      [
        'src/providers/gateway-http.ts',
        '        return {\n          status: response.statusCode ?? 0,',
        '        const { location } = response.headers;\n        if (location !== undefined) return await this.send({ ...request, url: new URL(location, request.url).href });\n        return {\n          status: response.statusCode ?? 0,',
      ],
    ],
    caughtBy: ['test/providers/gateway-http.test.ts'],
  },
  {
    name: 'answer-unbounded',
    deed: "A gateway's answer is read to its end, however long.",
    breaks: 'Bodies are bounded',
    edits: [
      [
        'src/providers/gateway-http.ts',
        "    if (size > maxBytes) throw new OutcomeUnknown('answer-too-large');\n",
        '',
      ],
    ],
    caughtBy: ['test/providers/gateway-http.test.ts'],
  },
  {
    name: 'archive-unbounded',
    deed: 'A packed bill is unpacked before anybody asks to what size.',
    breaks: 'Bodies are bounded',
    edits: [['src/providers/zip.ts', "  if (total > maxBytes) throw new ZipError('too-large');\n", '']],
    caughtBy: ['test/providers/zip.test.ts'],
  },
];

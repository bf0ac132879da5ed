// The mutants that may live, each with the reason. `same`: no behaviour is another, so nobody could tell. `kept`: one is,
// and the tests of its group cannot.

const entry = (why) => (reason, file, code, to, from) => ({
  file,
  code,
  to,
  ...(from && { from }),
  why,
  reason,
});
const same = entry('same');
const kept = entry('kept');
const TYPE = 'It is there for the compiler: what follows is false of everything else, too.';
const ENDS = 'A function that ends gives back undefined.';

export const SURVIVORS = [
  same(
    'No text that is not an amount is one, whichever it is.',
    'src/providers/alipay/states.ts',
    "return fenFromYuan(fields.get('refund_fee') ?? '') ? 'PAID' : 'CLOSED';",
    '"Stryker was here!"',
  ),
  same(
    'Neither is base64 as it is spelt, and only what is can be a signature.',
    'src/providers/alipay/answer.ts',
    "if (sign !== undefined && !signatureHolds(node, readJsonString(sign) ?? '', trust)) {",
    '"Stryker was here!"',
  ),
  ...['answer', 'certificates', 'form'].map((file) =>
    same(ENDS, `src/providers/alipay/${file}.ts`, '} catch {', '{}'),
  ),
  same(
    'What is an RSA key has its details.',
    'src/providers/alipay/certificates.ts',
    "return key?.asymmetricKeyType === 'rsa' && (key.asymmetricKeyDetails?.modulusLength ?? 0) >= MIN_BITS;",
    'key.asymmetricKeyDetails.modulusLength',
  ),
  same(
    'What is no certificate has no RSA key either.',
    'src/providers/alipay/certificates.ts',
    'if (leaf === undefined || !isRsa(leaf) || certificateSn(leaf) !== sn) return undefined;',
    'false',
    'leaf === undefined',
  ),
  same(
    'Neither holds a certificate.',
    'src/providers/alipay/verification.ts',
    "const content = readUnproven(body, CERTIFICATE_DOWNLOAD).get('alipay_cert_content') ?? '';",
    '"Stryker was here!"',
  ),
  same(
    'No signature holds under a key that is not there.',
    'src/providers/alipay/verification.ts',
    'if (alipayPublicKey === undefined) throw error;',
    'false',
  ),
  ...[
    "const id = fields.get('notify_id') ?? '';",
    "requireFresh(fields.get('notify_time') ?? '', now);",
    "const outTradeNo = fields.get('out_trade_no') ?? '';",
  ].map((code) =>
    same(
      'Neither is one that is let through.',
      'src/providers/alipay/notify.ts',
      code,
      '"Stryker was here!"',
    ),
  ),
  same(
    'No two parameters have one name.',
    'src/providers/alipay/notify.ts',
    '.sort(([a], [b]) => (a < b ? -1 : 1))',
    'a <= b',
  ),
  same(
    TYPE,
    'src/policy/decide.ts',
    "if (rule.kind === 'approve' && request.amountFen > rule.aboveFen)",
    'true',
    "rule.kind === 'approve'",
  ),
  same(
    'What is no entry has no sum, and nothing fits where there is none.',
    'src/policy/decide.ts',
    'for (const entry of used.entries ?? []) {',
    '["Stryker was here"]',
  ),
  same(
    'No two clients have one name.',
    'src/policy/read-policy.ts',
    'const sorted = stated.sort(([a], [b]) => (a < b ? -1 : 1));',
    'a <= b',
  ),
  same(
    TYPE,
    'src/policy/read-policy.ts',
    "if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;",
    'true',
    "typeof value === 'number'",
  ),
  same(
    'Neither is a unit, nor a span.',
    'src/policy/read-policy.ts',
    "const [, count, unit = ''] = /^([1-9]\\d{0,5})([mhd])$/.exec(typeof value === 'string' ? value : '') ?? [];",
    '"Stryker was here!"',
    "''",
  ),
  same(
    'Nobody reads the first.',
    'src/policy/read-policy.ts',
    "const [, count, unit = ''] = /^([1-9]\\d{0,5})([mhd])$/.exec(typeof value === 'string' ? value : '') ?? [];",
    '["Stryker was here"]',
  ),
  same('It is made again, and the same.', 'src/ledger/sums.ts', 'if (known) return known;', 'false'),
  same(
    'No two sums have one name.',
    'src/ledger/sums.ts',
    'const changed = [...sums].filter(([, by]) => by !== 0).sort(([a], [b]) => (a < b ? -1 : 1));',
    'a <= b',
  ),
  ...[
    "const name = [table, ...names].join(' ');",
    `const name = \`\${table} \${sums.join(' ')} \${rows.length}\`;`,
  ].map((code) => same('No sum begins where another ends.', 'src/ledger/sums.ts', code, '""', "' '")),
  kept(
    'No module loads without it, so that no test runs and none fails.',
    'src/ledger/sums.ts',
    'export const columnsOf = (state: OrderState) => ({',
    '() => undefined',
  ),
  kept(
    'SQLite reads by the index in that order anyway; PostgreSQL, which need not, is no part of these tests.',
    'src/ledger/quotas.ts',
    "'ORDER BY counted_at',",
    '""',
  ),
  same(
    'Without an account nothing is found.',
    'src/ledger/approvals.ts',
    'if (accounts?.length === 0) return [];',
    'false',
  ),
  same(
    'No two approvals have one number.',
    'src/ledger/approvals.ts',
    'return found.sort((a, b) => a.expiresAt - b.expiresAt || (a.id < b.id ? -1 : 1)).slice(0, limit);',
    'a.id <= b.id',
  ),
  same(
    'No text that is not a time is one, whichever it is.',
    'src/providers/v3/certificates.ts',
    "const listed = Date.parse(textAt(entry, 'expire_time') ?? '');",
    '"Stryker was here!"',
  ),
  same(
    'What has no serial number is not looked for by it.',
    'src/providers/v3/notify.ts',
    "const named = raw.headers[serialHeader] ?? '';",
    '"Stryker was here!"',
  ),
  same(
    'Neither is a code.',
    'src/providers/wechatpay/platform-keys.ts',
    "return status === 404 && ['RESOURCE_NOT_EXISTS', 'NOT_FOUND'].includes(wordAt(answer, 'code') ?? '');",
    '"Stryker was here!"',
  ),
  ...['ready: async () => false,', 'mayBeGenuine: () => false,'].map((code) =>
    same(
      'Whoever asks takes either for no.',
      'src/providers/wechatpay/platform-keys.ts',
      code,
      '() => undefined',
    ),
  ),
  same(
    'A certificate is never looked for, and so never missed, before the first download has failed or not.',
    'src/providers/v3/downloaded-keys.ts',
    'let failed = false;',
    'true',
  ),
  same(
    'What is an RSA key has its details.',
    'src/providers/v3/keys.ts',
    "key.asymmetricKeyType === 'rsa' && (key.asymmetricKeyDetails?.modulusLength ?? 0) >= MIN_MODULUS_BITS",
    'key.asymmetricKeyDetails.modulusLength',
  ),
  same(
    'What has a ciphertext is there.',
    'src/providers/v3/certificates.ts',
    'if (ciphertext === undefined || nonce === undefined || (sealed?.algorithm ?? ALGORITHM) !== ALGORITHM) {',
    'sealed.algorithm',
  ),
  same(ENDS, 'src/providers/v3/answer.ts', '} catch {', '{}'),
  same(
    'It is there for the compiler: nothing but a number is a safe integer.',
    'src/providers/v3/answer.ts',
    "if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 1) return undefined;",
    'false',
    "typeof value !== 'number'",
  ),
  same(
    'What has a sum is there.',
    'src/providers/v3/answer.ts',
    "return (amount?.currency ?? 'CNY') === 'CNY' ? fen(value) : undefined;",
    'amount.currency',
  ),
  same(
    'No text that is not a time is one, whichever it is.',
    'src/providers/v3/answer.ts',
    "const text = textAt(answer, field) ?? '';",
    '"Stryker was here!"',
  ),
  same(ENDS, 'src/providers/v3/cipher.ts', '} catch {', '{}'),
  same(
    'The tag is cut to that length before.',
    'src/providers/v3/cipher.ts',
    "const decipher = createDecipheriv('aes-256-gcm', apiKey, nonce, { authTagLength: TAG_BYTES })",
    '{}',
  ),
];

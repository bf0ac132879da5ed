import { createPublicKey } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, inflateSync } from 'node:zlib';
import { readTokenFile } from '../../../src/auth/token-file.ts';
import { readMerchants } from '../../../src/config-merchants.ts';
import { CashierError } from '../../../src/domain/errors.ts';
import { fen, fenFromYuan, parseAmount, signedFenFromYuan } from '../../../src/domain/money.ts';
import { readChannels } from '../../../src/events/channels-file.ts';
import { readPrices } from '../../../src/gate/prices-file.ts';
import { checkCheckpoint, readCheckpoint, signingKey } from '../../../src/ledger/audit-checkpoint.ts';
import { decodeText } from '../../../src/platform/text-file.ts';
import { parsePolicy } from '../../../src/policy/policy-file.ts';
import { readBillTable as readAlipayBill } from '../../../src/providers/alipay/bill-table.ts';
import {
  certificateSn,
  certificatesIn,
  readAppCertificates,
  trustedKey,
} from '../../../src/providers/alipay/certificates.ts';
import { readAlipayConfig } from '../../../src/providers/alipay/index.ts';
import { type BillLine, OutcomeUnknown } from '../../../src/providers/contract.ts';
import { readBillTable as readDouyinpayBill } from '../../../src/providers/douyinpay/bills.ts';
import { readPastedKey } from '../../../src/providers/pasted-key.ts';
import { readBillTable as readUnionpayBill } from '../../../src/providers/unionpay/bill-table.ts';
import { readBillTable as readWechatpayBill } from '../../../src/providers/wechatpay/bill-table.ts';
import { readZip, ZipError } from '../../../src/providers/zip.ts';
import { certificatesOf } from '../../../src/simulator/alipay/certificates.ts';
import { zip } from '../../../src/simulator/archive.ts';
import { certificatePem } from '../../../src/simulator/certificate.ts';
import { nameOf as named, VALID } from '../../../src/simulator/certificates.ts';
import { Dice } from '../../support/dice.ts';
import { pairOf } from '../../support/named-keys.ts';
import { pem } from '../../support/pem.ts';
import { HARD_TEXTS, mutatedBytes, mutatedJson, mutatedText, pumped } from '../mutate.ts';
import { type Sample, Shop } from '../shop.ts';
import { Fault, nameOf, type Opened, type Target, type Verdict } from '../target.ts';

type Read = (bytes: Buffer, random: Dice) => Promise<Verdict> | Verdict;

/** A reader of text or bytes. What it throws is one of these; anything else is a fault. */
function target(
  name: string,
  [cases, few]: readonly [number, number],
  make: () => Promise<{
    readonly samples: readonly Buffer[];
    readonly most: number;
    readonly read: Read;
    readonly mutate?: (sample: Buffer, random: Dice) => Buffer;
    readonly close?: () => Promise<void>;
  }>,
  isOurs: (error: unknown) => boolean = (error) => error instanceof CashierError,
  mostMs = 50,
): Target {
  return {
    ...{ name, mostMs },
    ...{ cases, few },
    async open(): Promise<Opened> {
      const { samples, most, read, mutate, close = async () => undefined } = await make();
      return {
        async run({ random, input }) {
          const sample = random.pick(samples);
          const bytes =
            mutate && random.chance(0.6)
              ? mutate(sample, random)
              : random.chance(0.02)
                ? pumped(sample, random, most)
                : mutatedBytes(sample, random, { most: Math.min(most, 65_536), other: random.pick(samples) });
          input('input', bytes);
          try {
            return await read(bytes, random);
          } catch (error) {
            if (!isOurs(error))
              throw error instanceof Fault
                ? error
                : new Fault(`none of our errors: ${error instanceof Error ? error.stack : error}`);
            return { accepted: false, seen: nameOf(error) };
          }
        },
        close,
      };
    },
  };
}

/** The merchant's own files, read at the start: YAML's reader takes its time for what is long and wrong everywhere. */
const AT_START_MS = 2_000;

const text = (...lines: readonly string[]) => Buffer.from(`${lines.join('\n')}\n`);
const changedText = (sample: Buffer, random: Dice) => {
  const lines = sample.toString().split('\n');
  for (let left = 1 + random.below(3); left > 0; left -= 1) {
    const at = random.below(lines.length);
    const line = lines[at] ?? '';
    random.pick([
      () => void lines.splice(at, 1),
      () => void lines.splice(at, 0, line),
      () => void lines.splice(at, 1, mutatedText(line, random)),
      () => void lines.splice(at, 1, line.replace(/:.*/, `: ${random.pick(HARD_TEXTS)}`)),
      () => void lines.splice(at, 1, line.replace(/:.*/, ': &a [*a, *a]')),
      () => void lines.splice(at, 1, ` ${line}`),
      () => void lines.splice(at, 1, line.trimStart()),
      () =>
        void lines.splice(
          at,
          1,
          line.replace(/[\w.]+$/, () => random.pick(HARD_TEXTS)),
        ),
    ])();
  }
  return Buffer.from(lines.join('\n'));
};

const POLICY = text(
  'version: 1',
  'payments:',
  '  approveAboveYuan: "500.00"',
  '  maxYuan: "2000.00"',
  '  perDay:',
  '    maxYuan: "10000.00"',
  '    maxCount: 100',
  'refunds:',
  '  approveAboveYuan: "0.00"',
  '  perDay:',
  '    maxYuan: "1000.00"',
  'callers:',
  '  shop-agent:',
  '    payments:',
  '      maxYuan: "100.00"',
);
const JSON_POLICY = Buffer.from(
  '{"version": 1, "payments": {"maxYuan": "10.00"}, "refunds": {"approveAboveYuan": "0.00"}}',
);
const MERCHANTS = text(
  'version: 1',
  'merchants:',
  '  noodles:',
  '    name: 面馆',
  '    policy: noodles.yaml',
  '    env:',
  '      AP_APP_ID: "2021000000000001"',
  '  tea:',
  '    name: Tea',
  '    env:',
  '      WXPAY_MCH_ID: "1900000001"',
);
const TOKENS = Buffer.from(
  JSON.stringify({
    version: 1,
    tokens: [
      {
        name: 'agent',
        sha256: 'a'.repeat(64),
        orders: 'own',
        tools: ['create-payment'],
        policy: { payments: { maxYuan: '5.00' } },
      },
      { name: 'other', sha256: 'b'.repeat(64), merchant: 'tea' },
    ],
  }),
);

const CHANNELS = text(
  'version: 1',
  'channels:',
  '  - name: boss',
  '    kind: feishu',
  '    url: https://open.feishu.cn/open-apis/bot/v2/hook/01234567-89ab-cdef-0123-456789abcdef',
  '    secret: 0123456789abcdef',
  '    events: [payment.paid, "approval.*"]',
  '    lang: zh',
  '  - name: books',
  '    kind: webhook',
  '    url: https://books.example.com/hook',
  `    secret: whsec_${Buffer.alloc(32, 7).toString('base64')}`,
  '    allowPrivate: true',
);

const PRICES = text(
  'version: 1',
  'http:',
  '  - upstream: http://127.0.0.1:9000',
  '    under: /v1',
  '    refundAfter: 10m',
  '    prices:',
  '      GET /v1/quotes/*: { yuan: "0.50", title: 行情, skillId: quotes, skillVersion: "1" }',
  '      "POST /v1/reports": { yuan: "9.90", title: Report, retry: true }',
  'mcp:',
  '  - command: [npx, -y, my-mcp-server]',
  '    env: { LEVEL: info }',
  '    prices:',
  '      translate: { yuan: "0.10", title: 翻译, a2mServiceId: translate_1 }',
  '  - name: maps',
  '    url: https://maps.example.com/mcp',
  '    prices: { route: { yuan: "0.20", title: Route } }',
);

const jsonOrText = (sample: Buffer, random: Dice) =>
  sample[0] === 0x7b
    ? Buffer.from(mutatedJson(JSON.parse(sample.toString()), random, ['own', 'all', '1', '0.01']))
    : changedText(sample, random);

const FILES: readonly Target[] = [
  target(
    'policy',
    [40_000, 250],
    async () => ({
      ...{ samples: [POLICY, JSON_POLICY], most: 65_536, mutate: jsonOrText },
      async read(bytes) {
        const policy = await parsePolicy(asText(bytes), 'policy.yaml');
        return { accepted: true, seen: Object.keys(policy).join() };
      },
    }),
    undefined,
    AT_START_MS,
  ),
  file('tokens', [40_000, 800], [TOKENS], (path) => `${readTokenFile(path).length} tokens`),
  file(
    'channels',
    [40_000, 300],
    [CHANNELS],
    async (path) => `${(await readChannels(path, 'en')).channels.length} channels`,
  ),
  file(
    'merchants',
    [30_000, 500],
    [MERCHANTS],
    async (path) => `${(await readMerchants(path)).length} merchants`,
  ),
  file('prices', [40_000, 300], [PRICES], async (path) => {
    const { http, mcp } = await readPrices(path, {
      policy: { payments: { maxFen: fen(1_000) }, refunds: {} },
    });
    const sold = [
      ...http.flatMap(({ prices }) => prices),
      ...mcp.flatMap(({ prices }) => [...prices.values()]),
    ];
    for (const { amountFen } of sold)
      if (!(amountFen >= 1 && amountFen <= 1_000)) throw new Fault(`a price of ${amountFen} fen`);
    return `${sold.length} prices`;
  }),
];

/** As every file that a person wrote is read. */
function asText(bytes: Buffer): string {
  try {
    return decodeText(bytes);
  } catch {
    return bytes.toString();
  }
}

function file(
  name: string,
  counts: readonly [number, number],
  samples: readonly Buffer[],
  read: (path: string) => Promise<string> | string,
): Target {
  return target(
    name,
    counts,
    async () => {
      const folder = mkdtempSync(join(tmpdir(), 'cashier-fuzz-'));
      const path = join(folder, 'file');
      return {
        ...{ samples, most: 65_536, mutate: jsonOrText },
        async read(bytes) {
          writeFileSync(path, bytes, { mode: 0o600 });
          return { accepted: true, seen: await read(path) };
        },
        close: async () => rmSync(folder, { recursive: true, force: true }),
      };
    },
    undefined,
    AT_START_MS,
  );
}

/** What is said of an amount must be what a plain reading of its digits says. */
const AMOUNTS = target('amounts', [300_000, 10_000], async () => ({
  samples: ['9.90', '0.01', '100000000.00', '1', '-1.00', '12.3'].map((one) => Buffer.from(one)),
  most: 4_096,
  read(bytes) {
    const said = bytes.toString();
    const read = fenFromYuan(said);
    const match = /^(\d{1,9})(?:\.(\d{1,2}))?$/.exec(said);
    const plain = match ? BigInt(match[1] ?? '') * 100n + BigInt((match[2] ?? '').padEnd(2, '0')) : undefined;
    if (read !== undefined && BigInt(read) !== plain)
      throw new Fault(`${JSON.stringify(said)} is read as ${read} fen`);
    const signed = signedFenFromYuan(said);
    if (signed !== undefined && !Number.isSafeInteger(signed)) throw new Fault(`${said} is ${signed}`);
    return { accepted: parseAmount(said, 'amountYuan') > 0, seen: 'an amount' };
  },
}));

const KEYS = target('pasted-keys', [60_000, 800], async () => {
  const pair = pairOf('pasted');
  const der = pair.privateKey.export({ type: 'pkcs1', format: 'der' });
  const plain = [
    pem(pair.privateKey),
    pem(pair.publicKey),
    der.toString('base64'),
    Buffer.from(pem(pair.publicKey)).toString('base64'),
    JSON.stringify(pem(pair.privateKey)),
  ];
  return {
    samples: plain.map((one) => Buffer.from(one)),
    most: 65_536,
    read(bytes) {
      const { kind } = readPastedKey(bytes.toString());
      const known = {
        AP_APP_ID: '2021000000000001',
        AP_APP_KEY: pem(pair.privateKey),
        AP_PUB_KEY: bytes.toString(),
      };
      if (bytes.length < 8_192) readAlipayConfig(known);
      return { accepted: kind === 'private' || kind === 'public', seen: kind };
    },
  };
});

/** Alipay's certificates: as a person gives them, and as they are downloaded, which nothing has signed yet. */
const CERTIFICATES = target('certificates', [60_000, 800], async () => {
  const shop = await Shop.open('certificates');
  const { identity, clock } = shop;
  const { app, alipay, root } = certificatesOf(identity);
  const given = readAppCertificates(
    { AP_APP_CERT: app.pem, AP_ALIPAY_CERT: alipay.pem, AP_ROOT_CERT: root.pem },
    identity.keys.app.privateKey,
  );
  const issuer = {
    name: named('Simulated Root', '模拟支付宝'),
    privateKey: identity.keys.authority.privateKey,
  };
  const own = (more: object) =>
    certificatePem({
      subject: named('支付宝', '模拟支付宝'),
      issuer,
      publicKey: identity.keys.wechatpay.publicKey,
      serial: '09',
      ...VALID,
      ...more,
    });
  const renewed = own({});
  const forged = own({
    publicKey: pairOf('nobody-2048').publicKey,
    issuer: { ...issuer, privateKey: pairOf('nobody-2048').privateKey },
  });
  const samples = [
    renewed,
    forged,
    own({ until: VALID.from + 1_000 }),
    own({ subject: named('别人', '别的商户') }),
    `${renewed}${root.pem}`,
    app.pem,
    root.pem,
  ];
  const [leaf] = certificatesIn(renewed);
  const sn = (leaf && certificateSn(leaf)) ?? '';
  const genuine = identity.keys.wechatpay.publicKey;
  return {
    samples: samples.map((one) => Buffer.from(one)),
    most: 512 * 1024,
    mutate: (sample, random) => {
      const parts = [sample.toString(), ...samples]
        .slice(0, 2 + random.below(3))
        .map((one) => (random.chance(0.3) ? mutatedText(one, random) : one));
      return Buffer.from(random.chance(0.5) ? parts.join('') : parts.reverse().join('\n'));
    },
    read(bytes) {
      const pasted = bytes.toString();
      const key = trustedKey(pasted, sn, given, clock.now());
      if (key && !key.equals(genuine)) throw new Fault('a key is trusted that nobody has signed');
      try {
        readAppCertificates(
          { AP_APP_CERT: app.pem, AP_ALIPAY_CERT: alipay.pem, AP_ROOT_CERT: pasted },
          identity.keys.app.privateKey,
        );
        readAppCertificates(
          { AP_APP_CERT: pasted, AP_ALIPAY_CERT: pasted, AP_ROOT_CERT: root.pem },
          identity.keys.app.privateKey,
        );
      } catch (error) {
        if (!(error instanceof CashierError)) throw error;
      }
      return {
        accepted: key !== undefined,
        seen: `${certificatesIn(pasted).length} certificates${key ? ', trusted' : ''}`,
      };
    },
    close: () => shop.close(),
  };
});

const isOfBills = (error: unknown) => error instanceof OutcomeUnknown || error instanceof ZipError;
const CELLS = [
  ',',
  ',,,,,,,,',
  '`',
  ',`',
  '"',
  '\t',
  '#',
  '-1.00',
  '交易',
  '退款',
  '2026-11-21 14:30:05',
  '0',
  '总交易单数',
];
const ofFile = (samples: readonly Sample[] | undefined, kind: RegExp): Buffer => {
  const found = samples?.find(({ response }) => kind.test(response.headers['content-type'] ?? ''));
  if (!found) throw new Error('no bill was downloaded');
  return found.response.body;
};

/** Cells moved, doubled, filled with what is hard. */
function changedTable(sample: Buffer, random: Dice): Buffer {
  const lines = sample.toString().split('\r\n');
  const at = random.below(lines.length);
  const cells = (lines[at] ?? '').split(',');
  for (let left = 1 + random.below(3); left > 0; left -= 1) {
    const place = random.below(cells.length);
    random.pick([
      () => void cells.splice(place, 1),
      () => void cells.splice(place, 0, random.pick(CELLS)),
      () => void cells.splice(place, 1, `${cells[place]}${random.pick(CELLS)}`),
      () =>
        void cells.splice(
          place,
          1,
          `${cells[place]}${random.pick([',', ',`', '\t']).repeat(random.below(600))}`,
        ),
      () => void cells.splice(place, 1, random.pick(HARD_TEXTS)),
      () => void cells.splice(place, 1, cells[random.below(cells.length)] ?? ''),
    ])();
  }
  lines.splice(at, 1, ...Array.from({ length: random.chance(0.05) ? 20 : 1 }, () => cells.join(',')));
  return Buffer.from(lines.join('\r\n'));
}

function billOfV3(
  wallet: 'wechatpay' | 'douyinpay',
  readBill: (text: string, identity: Shop['identity']) => readonly BillLine[],
): Target {
  return target(
    `bill-${wallet}`,
    [60_000, 800],
    async () => {
      const shop = await Shop.open();
      const table = gunzipSync(ofFile(shop.samples.get(wallet), /octet-stream|gzip/));
      return {
        ...{ samples: [table], most: 262_144, mutate: changedTable },
        read(bytes) {
          const lines = readBill(bytes.toString(), shop.identity);
          for (const { amountFen } of lines)
            if (!Number.isSafeInteger(amountFen)) throw new Fault(`${amountFen} fen`);
          return { accepted: lines.length > 0, seen: 'a table' };
        },
        close: () => shop.close(),
      };
    },
    isOfBills,
  );
}

const BILLS: readonly Target[] = [
  target(
    'bill-alipay',
    [60_000, 800],
    async () => {
      const shop = await Shop.open();
      const archive = ofFile(shop.samples.get('alipay'), /octet-stream/);
      const [detail] = readZip(archive, 1_048_576);
      if (!detail) throw new Error('an empty archive');
      const table = Buffer.from(new TextDecoder('gb18030').decode(detail.data));
      return {
        ...{ samples: [table], most: 262_144, mutate: changedTable },
        read(bytes) {
          const read = readAlipayBill(bytes.toString());
          for (const { amountFen } of read?.lines ?? [])
            if (!Number.isSafeInteger(amountFen)) throw new Fault(`${amountFen} fen`);
          return { accepted: (read?.lines.length ?? 0) > 0, seen: read ? 'a table' : 'another file' };
        },
        close: () => shop.close(),
      };
    },
    isOfBills,
  ),
  target(
    'zip',
    [150_000, 2_000],
    async () => {
      const samples = [
        zip([
          { name: Buffer.from('a.csv'), data: Buffer.from('交易'.repeat(200)) },
          { name: Buffer.from('b.csv'), data: Buffer.alloc(5_000) },
        ]),
        zip([{ name: Buffer.from('a.csv'), data: Buffer.alloc(3_000_000) }]),
      ];
      const most = 1_000_000;
      return {
        samples,
        most: 262_144,
        read(bytes) {
          const files = readZip(bytes, most);
          if (files.reduce((sum, { data }) => sum + data.length, 0) > most)
            throw new Fault('more was unpacked than is allowed');
          return { accepted: true, seen: `${files.length} files` };
        },
      };
    },
    isOfBills,
  ),
  billOfV3('wechatpay', (text, { mchId }) => readWechatpayBill(text, { mchId })),
  billOfV3('douyinpay', (text, { douyin }) => readDouyinpayBill(text, { mchId: douyin.mchId })),
  target('bill-unionpay', [60_000, 800], async () => {
    const shop = await Shop.open();
    const said = shop.samples.get('unionpay')?.map(({ response }) => response.body.toString()) ?? [];
    const [, content = ''] = /fileContent=([^&]+)/.exec(said.join('\n')) ?? [];
    const [file] = readZip(inflateSync(Buffer.from(content, 'base64')), 1_048_576);
    if (!file) throw new Error('no bill was downloaded');
    return {
      ...{ samples: [file.data], most: 262_144 },
      read(bytes) {
        const lines = readUnionpayBill(bytes, shop.identity.merId, shop.clock.now());
        for (const { amountFen } of lines ?? [])
          if (!Number.isSafeInteger(amountFen)) throw new Fault(`${amountFen} fen`);
        return { accepted: (lines?.length ?? 0) > 0, seen: lines ? 'a table' : 'another file' };
      },
      close: () => shop.close(),
    };
  }),
];

const CHECKPOINTS = target('checkpoints', [200_000, 4_000], async () => {
  // A key that is one: for that of all zeroes everything is signed.
  const { x: publicKey = '' } = createPublicKey(signingKey(Dice.named('checkpoint').bytes(32))).export({
    format: 'jwk',
  });
  const line = {
    version: 1,
    ledgerId: 'a'.repeat(32),
    seq: 7,
    hash: 'b'.repeat(64),
    at: '2026-11-21T14:30:05+08:00',
    publicKey,
    signature: 'A'.repeat(86),
  };
  return {
    ...{
      samples: [Buffer.from(JSON.stringify(line))],
      most: 65_536,
      mutate: (_, random) => Buffer.from(mutatedJson(line, random)),
    },
    read(bytes) {
      const checkpoint = readCheckpoint(bytes.toString());
      const fault = checkpoint && checkCheckpoint(checkpoint, { ledgerId: line.ledgerId, publicKey });
      if (checkpoint && fault === undefined) throw new Fault('a checkpoint of nobody passes');
      return { accepted: checkpoint !== undefined, seen: fault ?? 'unreadable' };
    },
  };
});

export const TEXTS: readonly Target[] = [...FILES, AMOUNTS, KEYS, CERTIFICATES, ...BILLS, CHECKPOINTS];

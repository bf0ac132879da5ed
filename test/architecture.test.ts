import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const SRC = fileURLToPath(new URL('../src', import.meta.url));
const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => ({ name: name.split(sep).join('/'), text: readFileSync(join(SRC, name), 'utf8') }));

const folders = (room: string) =>
  readdirSync(join(SRC, room), { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? [`${room}/${entry.name}`] : [],
  );
/** What wallets of the APIv3 family have in common: it knows none of them. */
const FAMILIES = ['providers/v3'];
/** The wallets. */
const PROVIDERS = folders('providers').filter((folder) => !FAMILIES.includes(folder));

/** What adapters share: nothing of which knows one of them. */
const EACH_PROVIDER = [
  'providers/absence.ts',
  'providers/advice.ts',
  'providers/agreements.ts',
  'providers/complaints.ts',
  'providers/contract.ts',
  'providers/examination.ts',
  'providers/exchange.ts',
  'providers/finding.ts',
  'providers/gateway-errors.ts',
  'providers/gateway-http.ts',
  'providers/key-finding.ts',
  'providers/pasted-key.ts',
  'providers/pasted-key-words.ts',
  'providers/pay-per-call.ts',
  'providers/wallet.ts',
  'providers/zip.ts',
];
/** What a wallet is, for whoever tells one from another. */
const WALLETS = ['providers/registry.ts', 'providers/wallet.ts'];

/** What each room may import besides itself and packages. The composition root and the commands know everyone. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  domain: [],
  platform: ['domain'],
  ledger: ['domain', 'platform/sqlite.ts'],
  persons: ['domain', 'ledger'],
  policy: ['domain', 'ledger', 'persons/person.ts', 'platform/text-file.ts', 'providers/registry.ts'],
  ...Object.fromEntries(PROVIDERS.map((provider) => [provider, ['domain', ...EACH_PROVIDER, ...FAMILIES]])),
  ...Object.fromEntries(FAMILIES.map((family) => [family, ['domain', ...EACH_PROVIDER]])),
  ...Object.fromEntries(EACH_PROVIDER.map((file) => [file, ['domain', ...EACH_PROVIDER]])),
  'providers/complaints.ts': ['domain', ...EACH_PROVIDER, 'platform/key-pairs.ts'],
  'providers/agreements.ts': ['domain', 'providers/exchange.ts', 'providers/gateway-errors.ts'],
  'providers/contract.ts': [
    ...['domain', 'providers/agreements.ts', 'providers/exchange.ts', 'providers/gateway-errors.ts'],
    'providers/pay-per-call.ts',
  ],
  'providers/gateway-http.ts': ['providers/contract.ts'],
  'providers/measured.ts': ['providers/contract.ts'],
  'providers/registry.ts': ['providers'],
  payments: [
    'domain',
    'ledger',
    'persons/person.ts',
    'policy',
    'providers/contract.ts',
    'providers/registry.ts',
  ],
  events: [
    ...['domain', 'ledger', 'policy/policy-file.ts', 'policy/read-policy.ts', 'policy/rules.ts'],
    ...['policy/written-members.ts', 'platform/addresses.ts', 'platform/home-path.ts'],
    ...['platform/outgoing-proxy.ts', 'platform/text-file.ts'],
    ...['providers/contract.ts', 'providers/gateway-http.ts', 'providers/registry.ts'],
  ],
  tools: ['domain', 'ledger', 'policy', 'payments', 'providers/registry.ts'],
  protocol: [],
  receipts: ['domain', 'ledger', 'platform/once.ts'],
  resources: ['domain', 'ledger', 'payments', 'protocol', 'receipts/receipts.ts', 'tools'],
  prompts: ['domain', 'protocol', 'tools'],
  html: [],
  'buyer-page': [
    'domain',
    'html',
    'ledger',
    'payments',
    'platform/bounded-body.ts',
    'platform/listener.ts',
    'platform/listener-proof.ts',
    'platform/listener-shared.ts',
    'receipts/receipts.ts',
    ...WALLETS,
  ],
  notify: [
    ...['domain', 'payments'],
    ...['platform/bounded-body.ts', 'platform/listener.ts', 'platform/take-over.ts'],
  ],
  operator: [
    'domain',
    'html',
    'ledger',
    'persons',
    'policy',
    'platform/bounded-body.ts',
    'platform/listener.ts',
    'platform/listener-proof.ts',
    'platform/listener-shared.ts',
    'providers/registry.ts',
  ],
  console: ['domain', 'ledger', 'operator', 'payments', 'persons', 'policy', ...WALLETS],
  simulator: [
    'html',
    'domain/clock.ts',
    'domain/crc32.ts',
    'domain/money.ts',
    'domain/names.ts',
    'platform/bounded-body.ts',
    'platform/key-pairs.ts',
    'platform/listener-proof.ts',
    'platform/loopback.ts',
    'platform/sqlite.ts',
    'platform/take-over.ts',
  ],
  'gate/mcp': [
    ...['domain', 'ledger/records.ts', 'payments', 'providers/contract.ts', 'providers/registry.ts'],
    ...['gate/prices.ts', 'gate/problems.ts', 'gate/receipt-link.ts', 'gate/ways.ts'],
    ...['platform/bounded-body.ts', 'platform/relay.ts', 'platform/source.ts', 'protocol/refusals.ts'],
    ...['transports/stdio.ts', 'transports/stdio-wire.ts'],
  ],
  'mcp-apps': ['domain', 'providers/registry.ts'],
  gate: [
    ...['domain', 'ledger', 'payments', 'policy', 'protocol'],
    ...['platform/bounded-body.ts', 'platform/listener.ts', 'platform/source.ts', 'providers/contract.ts'],
    ...['platform/relay.ts', 'platform/relay-headers.ts', 'platform/relay-listener.ts'],
    'providers/registry.ts',
  ],
  elicitation: ['domain', 'ledger', 'persons/person.ts', 'policy', 'payments', 'protocol', 'tools'],
  calls: [
    'domain',
    'ledger',
    'payments',
    'policy/identity.ts',
    'protocol',
    'tools',
    'elicitation',
    'mcp-apps',
  ],
  'server.ts': [
    'calls',
    'domain',
    'ledger',
    'mcp-apps',
    'payments',
    'policy/identity.ts',
    'protocol',
    'tools',
    'resources',
    'prompts',
    'elicitation',
    'receipts/receipts.ts',
  ],
  auth: [
    'domain',
    'providers/gateway-http.ts',
    'policy/identity.ts',
    'policy/read-policy.ts',
    'platform/replace-file.ts',
    'platform/text-file.ts',
    'providers/registry.ts',
  ],
  telemetry: [
    ...['calls', 'domain', 'ledger', 'payments', 'policy/rules.ts'],
    ...['events/event.ts', 'events/kinds/kind.ts'],
    ...['providers/contract.ts', 'providers/measured.ts', 'providers/registry.ts'],
  ],
  transports: [
    ...['domain/clock.ts', 'domain/errors.ts', 'domain/merchant.ts', 'domain/names.ts'],
    ...['domain/order.ts', 'domain/ports.ts', 'ledger'],
    ...['html', 'providers/registry.ts'],
    'server.ts',
    'auth',
    'calls/refused-call.ts',
    'mcp-apps/apps.ts',
    'mcp-apps/names.ts',
    'policy/identity.ts',
    'protocol',
    'resources',
    'tools/define-tool.ts',
    'platform/bounded-body.ts',
    'platform/listener.ts',
    'platform/source.ts',
    'platform/turnstile.ts',
  ],
  doctor: [
    ...['config.ts', 'config-merchants.ts', 'config-paths.ts'],
    'domain',
    'events',
    ...['gate/needed-ways.ts', 'gate/prices.ts', 'gate/prices-file.ts'],
    'ledger',
    'persons/secret.ts',
    'policy',
    'providers',
    'auth/exposure.ts',
    'auth/issuer-keys.ts',
    'auth/token-file.ts',
    'settings.ts',
    'tools',
    'platform/addresses.ts',
    'platform/home-path.ts',
    'platform/outgoing-proxy.ts',
    'platform/sqlite.ts',
    'platform/text-file.ts',
  ],
  'config-names.ts': ['domain', 'providers/registry.ts'],
  'config-refusals.ts': ['domain', ...WALLETS],
  'config-values.ts': [
    ...['domain', 'providers/pasted-key.ts', 'providers/pasted-key-words.ts', 'providers/registry.ts'],
  ],
  'config-merchants.ts': [
    ...['domain', 'platform/home-path.ts', 'providers/registry.ts'],
    ...['policy/policy-file.ts', 'policy/read-policy.ts', 'policy/written-members.ts', 'settings.ts'],
  ],
  'read-configs.ts': [
    ...['config.ts', 'config-merchants.ts', 'config-paths.ts', 'config-refusals.ts', 'domain'],
  ],
  'config-paths.ts': ['domain', 'platform/home-path.ts', 'settings.ts'],
  'config.ts': [
    ...['config-names.ts', 'config-paths.ts', 'config-refusals.ts', 'config-values.ts'],
    ...['domain', 'settings.ts', 'platform/text-file.ts'],
    ...WALLETS,
  ],
  keeping: [
    ...['domain', 'ledger', 'open-ledger.ts', 'policy/decisions.ts'],
    ...['platform/sqlite.ts', 'platform/sqlite-file.ts'],
  ],
  'open-ledger.ts': ['config.ts', 'domain', 'ledger', 'platform/system.ts'],
  'settings.ts': ['domain', ...WALLETS],
  'settings-documents.ts': ['domain', 'settings.ts'],
};
const EVERYONE = [
  'main.ts',
  'launch.ts',
  'mcp-server-alipay.ts',
  'compose.ts',
  'open-apps.ts',
  'open-channels.ts',
  'carry-on-trial.ts',
  'version.ts',
  'cli',
];

function importsOf({ name, text }: (typeof files)[number]): string[] {
  const specifiers = [...text.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)].map(
    (match) => match[1] ?? '',
  );
  return specifiers.map((specifier) =>
    relative(SRC, join(SRC, name, '..', specifier))
      .split(sep)
      .join('/'),
  );
}
const inside = (path: string, room: string) => path === room || path.startsWith(`${room}/`);
const roomOf = (name: string) =>
  Object.keys(MAY_IMPORT)
    .filter((room) => inside(name, room))
    .sort((a, b) => b.length - a.length)[0];

describe('the house', () => {
  it('knows every file', () => {
    const homeless = files.filter(
      ({ name }) => !roomOf(name) && !EVERYONE.some((room) => inside(name, room)),
    );
    expect(homeless.map(({ name }) => name)).toEqual([]);
  });

  it('imports one way', () => {
    const wrong = files.flatMap((file) => {
      const room = roomOf(file.name);
      if (room === undefined) return [];
      const allowed = [room, ...(MAY_IMPORT[room] ?? [])];
      return importsOf(file)
        .filter((path) => !allowed.some((target) => inside(path, target)))
        .map((path) => `${file.name} → ${path}`);
    });
    expect(wrong).toEqual([]);
  });

  it('imports in no circle, not even types', () => {
    const imports = new Map(files.map((file) => [file.name, importsOf(file)]));
    const done = new Set<string>();
    const circles: string[] = [];
    const visit = (name: string, way: readonly string[]) => {
      if (way.includes(name)) circles.push([...way.slice(way.indexOf(name)), name].join(' → '));
      if (done.has(name) || way.includes(name)) return;
      for (const next of imports.get(name) ?? []) visit(next, [...way, name]);
      done.add(name);
    };
    for (const { name } of files) visit(name, []);
    expect(circles).toEqual([]);
  });

  it('lets only the composition root and the commands know the simulator', () => {
    const knowing = files.filter((file) => importsOf(file).some((path) => path.startsWith('simulator/')));
    const outside = knowing.map(({ name }) => name).filter((name) => !name.startsWith('simulator/'));
    expect(outside.sort()).toEqual([
      'cli/demo-gate.ts',
      'cli/demo-subscription.ts',
      'cli/demo.ts',
      'cli/simulator.ts',
      'compose.ts',
      'open-channels.ts',
    ]);
  });

  const forbidden = (pattern: RegExp, allowed: (name: string) => boolean = () => false) =>
    files.flatMap(({ name, text }) =>
      text
        .split('\n')
        .flatMap((line, i) =>
          !allowed(name) && pattern.test(line) ? [`${name}:${i + 1}: ${line.trim()}`] : [],
        ),
    );

  it('tells one wallet from another only where a wallet is at home, or by right', () => {
    const homes = PROVIDERS.flatMap((home) =>
      ['providers', 'simulator', 'tools'].map((room) => `${home.replace('providers', room)}/`),
    );
    const byRight = [
      // The lists of wallets, and the one table of scenarios.
      ...['providers/registry.ts', 'simulator/fakes.ts', 'simulator/scenarios.ts'],
      // Names and words of tools that stand in for a wallet's own server.
      ...[
        'tools/index.ts',
        'prompts/faces.ts',
        'cli/alipay.ts',
        'cli/stdio.ts',
        'cli/uses.ts',
        'cli/command-line.ts',
      ],
      ...['launch.ts', 'mcp-server-alipay.ts'],
      // What people paste by mistake is known whatever it was meant for.
      ...['providers/pasted-key.ts', 'providers/pasted-key-words.ts', 'providers/key-finding.ts'],
    ];
    // Scenes and toolsets have a wallet's name in theirs; in comments, and where something is typed, it is an example.
    const others = /企业微信|jsapi|inside WeChat|`unified`|mcp-server-alipay|\/\*\*|weixin:/;
    const names = [
      ...PROVIDERS.map((home) => home.replace('providers/', '')),
      ...['wechat', 'douyin', 'WXPAY', 'DYPAY', '支付宝', '微信', '抖音', '银联', '云闪付'],
      // Two names came with the official server and are everybody's.
      '\\bAP_(?!SELECT_TOOLS|LOG_ENABLED)',
    ];
    const told = forbidden(
      new RegExp(`^(?!\\s*(\\*|//|/\\*)).*(${names.join('|')})`, 'i'),
      (name) => byRight.includes(name) || homes.some((home) => name.startsWith(home)),
    ).filter((line) => !others.test(line));
    expect(told).toEqual([]);
  });

  it('moves money through one function per verb', () => {
    const moves = (verb: string) =>
      forbidden(new RegExp(`\\.${verb}\\(`), (name) => name.startsWith('providers/')).map(
        (line) => line.split(':')[0],
      );
    expect(moves('sendPayment')).toEqual(['payments/create-payment.ts']);
    expect(moves('sendRefund')).toEqual(['payments/refund-payment.ts']);
    expect(new Set(moves('closeTrade'))).toEqual(new Set(['payments/close-payment.ts']));
    expect(moves('sendCharge')).toEqual(['payments/agreements/charge.ts']);
    expect(moves('unsign')).toEqual(['payments/agreements/end.ts']);
    expect(moves('postpone')).toEqual([]);
  });

  it('asks the gateways only in turn', () => {
    const asking = forbidden(/\.(queryTrade|queryRefund)\(/, (name) => name.startsWith('providers/'));
    expect(new Set(asking.map((line) => line.split(':')[0]))).toEqual(new Set(['payments/ask-gateway.ts']));
  });

  it("loads the wallets' SDKs with the first signature", () => {
    const home = (name: string) => /^providers\/(alipay|wechatpay)\/signer\.ts$/.test(name);
    expect(forbidden(/'(alipay-sdk|wechatpay-node-v3)/, home)).toEqual([]);
    expect(forbidden(/^import (?!type ).*'(alipay-sdk|wechatpay-node-v3)/)).toEqual([]);
    expect(forbidden(/\bimport\('(alipay-sdk|wechatpay-node-v3)'\)/)).toHaveLength(2);
  });

  it('loads what opens PKCS#12 for a merchant who has one', () => {
    expect(forbidden(/'node-forge'/, (name) => name === 'providers/unionpay/pkcs12.ts')).toEqual([]);
    expect(forbidden(/import (?!type ).*'\.\/pkcs12\.ts'/)).toEqual([]);
  });

  it('loads what knows passkeys with the first of them', () => {
    const home = (name: string) => name === 'persons/passkeys.ts';
    expect(forbidden(/'@simplewebauthn/, home)).toEqual([]);
    expect(forbidden(/^import (?!type ).*'@simplewebauthn/)).toEqual([]);
  });

  it('makes a person in one room', () => {
    expect(forbidden(/\bPerson\.proven\(/, (name) => name.startsWith('persons/'))).toEqual([]);
    expect(forbidden(/\bnew Person\(/, (name) => name === 'persons/person.ts')).toEqual([]);
  });

  it('reads the environment in one place', () => {
    expect(forbidden(/process\.env\b/, (name) => name === 'main.ts')).toEqual([]);
  });

  it('writes to stdout only in the commands for people', () => {
    const pattern = /process\.stdout\.(write|end)|console\.(log|info|debug|table|dir)/;
    expect(forbidden(pattern, (name) => name === 'cli/terminal.ts')).toEqual([]);
  });

  // Scripts that run in the browser have its clock and its network.
  const BROWSER = [
    'buyer-page/script.ts',
    'mcp-apps/view/script.ts',
    'operator/script.ts',
    'operator/passkey-script.ts',
    'simulator/pages/layout.ts',
  ];
  /** What of the machine is used where, and nowhere else: whatever has none of it plays in a simulated world. */
  const MACHINE: readonly (readonly [what: string, pattern: RegExp, homes: readonly string[]])[] = [
    [
      'time and randomness',
      /Date\.now\(\)|new Date\(\)|Math\.random\(|performance\.now|hrtime|randomUUID|randomInt\(|getRandomValues|randomBytes as/,
      ['platform/system.ts', ...BROWSER],
    ],
    [
      'timers and deadlines',
      /AbortSignal\.(timeout|any)\(|set(Timeout|Interval|Immediate)\(|timers\/promises|node:timers/,
      // The deadline of a request is the network's; before the first module is loaded there are no ports.
      ['platform/system.ts', 'platform/loopback.ts', 'providers/gateway-http.ts', 'launch.ts', ...BROWSER],
    ],
    ['keys that are made', /generateKeyPair/, ['platform/key-pairs.ts']],
    ['hashes that take their time', /\b(scrypt|pbkdf2)\b/, ['persons/password.ts']],
    // A command may stand for a person with a browser.
    ['requests', /(?<![.\w])fetch\(|from 'undici'/, ['platform/loopback.ts', 'cli/demo.ts', ...BROWSER]],
    [
      'the network',
      /'node:(https?|http2|tls|dgram|dns(\/promises)?)'/,
      [
        ...['providers/gateway-http.ts', 'platform/outgoing-proxy.ts', 'platform/listener.ts'],
        ...['platform/relay.ts', 'platform/relay-listener.ts'],
        ...['platform/listener-connections.ts', 'simulator/serving.ts', 'doctor/machine.ts'],
        'events/egress.ts',
        // What a demo charges for is somebody else's.
        'cli/demo-gate.ts',
      ],
    ],
    [
      'files',
      /'node:fs(\/promises)?'/,
      [
        ...['platform', 'cli', 'doctor', 'keeping', 'launch.ts', 'config.ts', 'auth/token-file.ts'],
        ...['auth/token-callers.ts', 'ledger/sqlite-store.ts', 'simulator/state/database.ts'],
      ],
    ],
    ['other processes', /'node:(child_process|worker_threads|cluster)'/, ['cli', 'launch.ts']],
  ];
  it.each(MACHINE)('takes %s from few places', (_what, pattern, homes) => {
    expect(forbidden(pattern, (name) => homes.some((home) => inside(name, home)))).toEqual([]);
    // A place that needs it no more is none.
    const using = files.filter(({ text }) => pattern.test(text)).map(({ name }) => name);
    expect(homes.filter((home) => !using.some((name) => inside(name, home)))).toEqual(
      homes.filter((home) => BROWSER.includes(home) && !using.includes(home)),
    );
  });

  it('keeps floats away from money', () => {
    expect(
      forbidden(/parseFloat|toFixed\(|\/ ?100\b(?!\d)|\* ?100\b(?!\d)/, (name) => name === 'cli/terminal.ts'),
    ).toEqual([]);
  });

  it('silences no type and swallows no error', () => {
    expect(forbidden(/\bas any\b|as unknown as|@ts-(ignore|expect-error)|catch *(\(\w*\))? *\{ *\}/)).toEqual(
      [],
    );
  });

  it('has no drawer for odds and ends', () => {
    expect(
      files
        .map(({ name }) => name)
        .filter((name) => /(^|\/)(utils?|helpers?|common|misc)(\/|\.ts)/.test(name)),
    ).toEqual([]);
  });
});

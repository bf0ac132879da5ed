import type { Bug } from '../bug.ts';

const OWN = "Nobody sees what is another's";
const SECRETS = 'Secrets stay home';

/** Who calls, what they see, what is kept from everybody. */
export const CALLERS: readonly Bug[] = [
  {
    name: 'order-of-another-caller-told',
    deed: 'A token that may see its own orders only is told of every order whose number it knows.',
    breaks: OWN,
    edits: [
      [
        'src/payments/results.ts',
        'if (!order || (call.ownOrdersOnly && order.caller !== call.caller)) throw orderNotFound();',
        'if (!order || call.caller === undefined) throw orderNotFound();',
      ],
    ],
    caughtBy: ['test/payments/create-payment.test.ts'],
    simulated: true,
  },
  {
    name: 'number-of-another-caller-answered',
    deed: "A caller that takes a number which another's order has is given that order.",
    breaks: OWN,
    edits: [
      [
        'src/payments/reserve-payment.ts',
        "if (call.ownOrdersOnly && known.caller !== call.caller) throw numberTaken(input.outTradeNo, 'ledger');",
        '',
      ],
    ],
    caughtBy: ['test/payments/create-payment.test.ts'],
  },
  {
    name: 'list-of-all-callers',
    deed: 'A list has the orders of all callers.',
    breaks: OWN,
    edits: [
      [
        'src/payments/list-payments.ts',
        'caller: call.ownOrdersOnly ? call.caller : undefined,',
        'caller: undefined,',
      ],
    ],
    caughtBy: ['test/payments/create-payment.test.ts'],
  },
  {
    name: 'orders-of-another-app-moved',
    deed: 'An order of another account of the same gateway is queried and refunded with the keys at hand.',
    breaks: OWN,
    edits: [
      [
        'src/payments/till.ts',
        'if (provider && isHome(provider, order.account)) return provider;',
        'if (provider && isHome) return provider;',
      ],
    ],
    caughtBy: ['test/payments/platforms.test.ts'],
  },
  {
    name: 'notification-into-the-wrong-account',
    deed: "A notification is booked on whichever order has the number, whoever's account it was made with.",
    breaks: OWN,
    edits: [
      [
        'src/payments/apply-notify.ts',
        "if (order?.provider !== provider.id || !isHome(provider, order.account)) return 'not-ours';",
        "if (!order || !isHome) return 'not-ours';",
      ],
    ],
    caughtBy: ['test/notify/routes.test.ts'],
  },
  {
    name: 'token-of-one-merchant-lets-into-all',
    deed: "A token's merchant is not looked at: it reaches the first merchant's ledger.",
    breaks: OWN,
    edits: [
      [
        'src/auth/callers.ts',
        'return merchantOf(found, merchants) === undefined ? ofNobody(found) : found;',
        'return merchantOf === undefined ? ofNobody(found) : found;',
      ],
    ],
    caughtBy: ['test/merchants/callers.test.ts'],
  },
  {
    name: 'token-compared-by-its-beginning',
    deed: 'Of a token only the first bytes of its hash are compared.',
    breaks: SECRETS,
    edits: [
      [
        'src/auth/token-callers.ts',
        'if (timingSafeEqual(one.hash, hash)) found = one.identity;',
        'if (timingSafeEqual(one.hash.subarray(0, 1), hash.subarray(0, 1))) found = one.identity;',
      ],
    ],
    caughtBy: ['test/auth/token-callers.test.ts'],
  },
  {
    name: 'revoked-token-still-good',
    deed: 'The tokens file is read once, at the start.',
    breaks: 'A revoked token ends at once',
    edits: [
      [
        'src/auth/token-callers.ts',
        '    if (now === stamp) return known;\n',
        '    if (stamp) return known;\n',
      ],
    ],
    caughtBy: ['test/auth/token-callers.test.ts'],
  },
  {
    name: 'tools-of-a-token-ignored',
    deed: 'A token that is for some tools may use them all.',
    breaks: OWN,
    edits: [
      [
        'src/policy/identity.ts',
        'return (tools?.has(tool.name) ?? true) && (scopes?.has(tool.scope) ?? true);',
        'return (tools?.has(tool.name) ?? true) || (scopes?.has(tool.scope) ?? true);',
      ],
    ],
    caughtBy: ['test/transports/scopes.test.ts', 'test/http/callers.test.ts', 'test/http/oauth.test.ts'],
  },
  {
    name: 'access-token-for-anybody',
    deed: 'For whom an access token was issued is not looked at.',
    breaks: SECRETS,
    edits: [['src/auth/oauth-callers.ts', '        audience,\n', '']],
    caughtBy: ['test/auth/oauth-callers.test.ts'],
  },
  {
    name: 'session-of-another-caller',
    deed: 'Whoever knows the id of a session has it.',
    breaks: OWN,
    edits: [
      [
        'src/transports/session-ids.ts',
        '.update(random).update(caller).digest()',
        '.update(random).update(caller.slice(0, 0)).digest()',
      ],
    ],
    caughtBy: ['test/http/sessions.test.ts', 'test/http/replicas.test.ts'],
  },
  {
    name: 'foreign-host-name-served',
    deed: 'Under which name this machine is addressed is not checked.',
    breaks: 'Host and Origin are checked',
    edits: [
      [
        'src/platform/listener.ts',
        "if (area !== 'health' && (!(isOurs && named?.areas.has(area)) || isAstray)) {",
        "if (area !== 'health' && isOurs === undefined && (named?.areas.has(area) || isAstray)) {",
      ],
    ],
    caughtBy: [
      'test/platform/names.test.ts',
      'test/http/loopback-listener.test.ts',
      'test/platform/listener-shared.test.ts',
    ],
  },
  {
    name: 'page-of-another-site-may-call',
    deed: 'From which page a browser calls is not checked.',
    breaks: 'Host and Origin are checked',
    edits: [
      [
        'src/platform/listener.ts',
        'if (from !== undefined && !isSame && !isAllowed) {',
        "if (from === 'null' && !isSame && !isAllowed) {",
      ],
    ],
    caughtBy: ['test/platform/names.test.ts', 'test/http/loopback-listener.test.ts'],
  },
  {
    name: 'body-unbounded',
    deed: 'A body is read to its end, however long.',
    breaks: 'Bodies are bounded',
    edits: [
      ['src/platform/bounded-body.ts', '    if (size > maxBytes) return undefined;\n', ''],
      [
        'src/platform/bounded-body.ts',
        'return Number(announced) > maxBytes ? undefined : Buffer',
        'return Number.isNaN(Number(announced)) ? undefined : Buffer',
      ],
    ],
    caughtBy: ['test/notify/routes.test.ts', 'test/operator/routes.test.ts'],
  },
  {
    name: 'secret-in-the-log',
    deed: 'The log is not looked through for secrets.',
    breaks: SECRETS,
    edits: [
      [
        'src/platform/log.ts',
        'return (facts) => (isSecret(JSON.stringify(facts)) ? { scrubbed: true } : facts);',
        'return (facts) => (isSecret(JSON.stringify({})) ? { scrubbed: true } : facts);',
      ],
    ],
    caughtBy: ['test/platform/log.test.ts'],
  },
  {
    name: 'log-on-stdout',
    deed: 'Warnings go to stdout.',
    breaks: 'stdout belongs to JSON-RPC',
    edits: [['src/platform/log.ts', 'const STDERR = 2;', 'const STDERR = 1;']],
    caughtBy: ['test/platform/log.test.ts'],
  },
  {
    name: 'openid-in-the-trail',
    deed: "The trail keeps a caller's arguments as they came.",
    breaks: SECRETS,
    edits: [
      [
        'src/payments/attempt.ts',
        'digest: digestOf(await book.salt(), args),',
        'digest: digestOf(await book.salt(), args) && JSON.stringify(args),',
      ],
    ],
    caughtBy: ['test/audit/attempt.test.ts', 'test/payments/forgetting.test.ts'],
  },
  {
    name: 'buyer-found-by-trying',
    deed: "The fingerprint of a buyer is made without the ledger's salt, so a telephone number is found by trying all.",
    breaks: SECRETS,
    edits: [
      [
        'src/payments/reserve-payment.ts',
        'input.buyer && digest(await book.salt(), input.buyer);',
        "input.buyer && digest('', input.buyer);",
      ],
    ],
    caughtBy: ['test/payments/create-payment.test.ts'],
  },
  {
    name: 'forgotten-payer-remembered',
    deed: 'What is blanked of a payer leaves the openid.',
    breaks: SECRETS,
    edits: [
      [
        'src/ledger/orders.ts',
        'buyer_hash = NULL, payer_openid = NULL, payer_client_ip',
        'buyer_hash = NULL, payer_client_ip',
      ],
    ],
    caughtBy: ['test/payments/forgetting.test.ts'],
  },
  {
    name: 'simulated-money-looks-real',
    deed: 'A result of the simulator says `simulated: true`, and its text says nothing.',
    breaks: 'Simulated money looks simulated',
    edits: [
      [
        'src/tools/present/voice.ts',
        'const head = simulated ? SIMULATED : trial ? IN_TRIAL : undefined;',
        'const head = simulated && SIMULATED === undefined ? SIMULATED : trial ? IN_TRIAL : undefined;',
      ],
    ],
    caughtBy: ['test/tools/faces.test.ts'],
  },
  {
    name: 'real-and-simulated-in-one-ledger',
    deed: 'A ledger of the simulator is opened with real money.',
    breaks: 'Simulated money looks simulated',
    edits: [
      [
        'src/ledger/schema.ts',
        'if (owner !== undefined && owner !== bound) throw otherRealm(owner, realm);',
        'if (owner !== undefined && bound === undefined) throw otherRealm(owner, realm);',
      ],
    ],
    caughtBy: [
      'test/ledger/store.test.ts',
      'test/ledger/sqlite-store.test.ts',
      'test/ledger/session-book.test.ts',
    ],
  },
];

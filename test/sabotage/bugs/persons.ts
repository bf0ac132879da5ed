import type { Bug } from '../bug.ts';

const AGENT = 'The agent is an attacker';
const ONCE = 'An approval is single-use and bound';

/** Approvals, freezes, denials: what only a person may do. */
export const PERSONS: readonly Bug[] = [
  {
    name: 'approval-not-bound-to-arguments',
    deed: 'A refund that a person has approved is sent with the sum that the repeated call names.',
    breaks: ONCE,
    edits: [
      [
        'src/payments/reserve-refund.ts',
        "if (input.outRefundNo !== undefined && first.inputHash !== inputHash) throw conflict('outRefundNo');\n    return proceed(at, order, first, true);",
        'return proceed(at, order, { ...first, amountFen: input.refundFen }, true);',
      ],
    ],
    caughtBy: ['test/payments/attack/approvals-altered.test.ts'],
  },
  {
    name: 'approval-not-bound-to-its-caller',
    deed: "One caller's yes is used up by another's call.",
    breaks: ONCE,
    edits: [['src/policy/approvals.ts', ' &&\n      approval.caller === subject.caller,', ',']],
    caughtBy: ['test/payments/attack/approvals-altered.test.ts'],
  },
  {
    name: 'approval-not-bound-to-its-order',
    deed: 'Approvals are looked up by the order alone, so that a yes to one refund serves another of the same order.',
    breaks: ONCE,
    edits: [
      [
        'src/ledger/approvals.ts',
        'return asked.filter((approval) => approval.outRefundNo === outRefundNo);',
        'return [...asked];',
      ],
    ],
    caughtBy: [
      'test/payments/attack/approvals-altered.test.ts',
      'test/payments/attack/approvals-edges.test.ts',
      'test/payments/refund-payment.test.ts',
    ],
    simulated: true,
  },
  {
    name: 'approval-used-twice',
    deed: 'A yes is not marked as used.',
    breaks: ONCE,
    edits: [
      [
        'src/payments/permit.ts',
        "    await book.approvals.move(yes, 'approved', 'used', defined({ decidedBy: yes.decidedBy }));",
        '    defined({ decidedBy: yes.decidedBy });',
      ],
    ],
    caughtBy: [
      'test/payments/carry-out.test.ts',
      'test/payments/attack/approvals-edges.test.ts',
      'test/payments/attack/approval-storm.test.ts',
    ],
    simulated: true,
  },
  {
    name: 'expired-approval-accepted',
    deed: 'A yes is good however long ago it was given.',
    breaks: ONCE,
    edits: [
      [
        'src/policy/approvals.ts',
        '      stillLasts(approval.expiresAt, now, ttlOf(approval)) &&\n      approval.inputHash',
        '      approval.inputHash',
      ],
    ],
    caughtBy: [
      'test/payments/attack/approvals-edges.test.ts',
      'test/payments/attack/expiry-storm.test.ts',
      'test/payments/carry-out.test.ts',
    ],
    simulated: true,
  },
  {
    name: 'expired-approval-carried-out',
    deed: 'What was approved is sent by a server that starts hours later.',
    breaks: ONCE,
    edits: [
      [
        'src/ledger/approvals.ts',
        "WHERE approvals.state = 'approved' AND approvals.expires_at > ? AND approvals.created_at <= ?\n",
        "WHERE approvals.state = 'approved' AND approvals.expires_at > ? - 86400000 AND approvals.created_at <= ?\n",
      ],
      [
        'src/policy/approvals.ts',
        '      stillLasts(approval.expiresAt, now, ttlOf(approval)) &&\n      approval.inputHash',
        '      approval.inputHash',
      ],
      [
        'src/ledger/approvals.ts',
        "WHERE approvals.state = 'approved' AND approvals.expires_at > ? AND approvals.asked_json IS NOT NULL`;",
        "WHERE approvals.state = 'approved' AND approvals.expires_at > ? - 86400000 AND approvals.asked_json IS NOT NULL`;",
      ],
    ],
    caughtBy: ['test/payments/carry-out.test.ts', 'test/payments/attack/expiry-storm.test.ts'],
  },
  {
    name: 'denied-number-tried-again',
    deed: 'After a no, the same number asks anew.',
    breaks: 'A denial is final',
    edits: [
      ['src/payments/permit.ts', '  if (await isDenied(book, subject, asked)) return undefined;\n', ''],
    ],
    caughtBy: [
      'test/payments/attack/approvals-edges.test.ts',
      'test/payments/attack/approvals-altered.test.ts',
      'test/payments/carry-out.test.ts',
    ],
  },
  {
    name: 'agents-freed-by-any-yes',
    deed: 'What an agent asked for and a person has approved is bound by no rule any more, as a refund of their own accord.',
    breaks: 'The stricter of the rules then and now',
    edits: [
      [
        'src/payments/permit.ts',
        'yes !== undefined && (yes.asked?.person ?? yes.asked?.byServer) !== undefined && yes.id === call.approval;',
        'yes !== undefined && yes.id === call.approval;',
      ],
    ],
    caughtBy: ['test/payments/carry-out.test.ts'],
  },
  {
    name: 'refund-by-the-first-click',
    deed: 'The page that asks whether to refund a sum has refunded it.',
    breaks: 'A GET changes nothing',
    edits: [
      [
        'src/console/order-routes.ts',
        'return reply(200, refundConfirmPage(page, view, { ...wish, refundFen }));',
        'void refund(person, { ...wish, refundFen });\n      return reply(200, refundConfirmPage(page, view, { ...wish, refundFen }));',
      ],
    ],
    caughtBy: ['test/console/deeds.test.ts'],
  },
  {
    name: 'rules-of-today-only',
    deed: 'What was approved under strict rules is sent under rules that were loosened since.',
    breaks: 'The stricter of the rules then and now',
    edits: [
      [
        'src/payments/permit.ts',
        'const rules = isPersons ? [] : yes ? together(today, await rulesThen(book, yes, rulesOf)) : today;',
        'const rules = today;',
      ],
    ],
    caughtBy: ['test/payments/carry-out.test.ts', 'test/payments/attack/approvals-edges.test.ts'],
  },
  {
    name: 'revoked-caller-carried-out',
    deed: 'What was approved is sent although the token of who asked was revoked.',
    breaks: 'Never for a revoked caller',
    edits: [
      [
        'src/payments/carry-out.ts',
        "  if (who === 'revoked') return fail(till, approval, 'CALLER_REVOKED');\n",
        '',
      ],
      [
        'src/payments/carry-out.ts',
        "if (who === 'unknown') return;",
        "if (typeof who === 'string' && who !== 'revoked') return;",
      ],
      [
        'src/payments/carry-out.ts',
        '{ ...asked, ...who, ...',
        "{ ...asked, ...(typeof who === 'string' ? {} : who), ...",
      ],
    ],
    caughtBy: ['test/payments/carry-out.test.ts'],
  },
  {
    name: 'freeze-not-looked-at-before-the-send',
    deed: 'A freeze is looked at when the intent is stored, and not again right before it is sent.',
    breaks: 'A freeze stops within a second',
    edits: [
      [
        'src/payments/create-payment.ts',
        '    await till.ledger.read(insistNotFrozen);\n',
        '    if (!insistNotFrozen) return sendFailed(errand, sending, undefined);\n',
      ],
      [
        'src/payments/refund-payment.ts',
        '      await insistNotFrozen(book);\n      return book.refunds',
        '      if (!insistNotFrozen) throw new Error();\n      return book.refunds',
      ],
    ],
    caughtBy: ['test/payments/quota/freeze.test.ts'],
    simulated: true,
  },
  {
    name: 'freeze-not-looked-at-behind-the-keys',
    deed: 'What waited for the keys of the gateway goes out although everything was stopped meanwhile.',
    breaks: 'A freeze stops within a second',
    edits: [
      [
        'src/providers/v3/exchange.ts',
        'if (haveAsked && (await call.mayStill?.()) === false) throw new Stopped();',
        'if (haveAsked && call.path.length === 0) throw new Stopped();',
      ],
    ],
    caughtBy: ['test/providers/douyinpay/certificates.test.ts'],
  },
  {
    name: 'freeze-stops-no-close',
    deed: 'A close goes out although everything is frozen.',
    breaks: 'A freeze stops every call that moves money',
    edits: [
      [
        'src/payments/close-payment.ts',
        '  await insistNotFrozen(book);\n  if (!isGivenOut(known)) {',
        '  if (insistNotFrozen && !isGivenOut(known)) {',
      ],
      ['src/payments/close-payment.ts', '    if (await isFrozenNow(till)) throw new Stopped();\n', ''],
    ],
    caughtBy: ['test/payments/quota/freeze.test.ts'],
    simulated: true,
  },
  {
    name: 'freeze-not-looked-at-before-a-close',
    deed: 'A freeze is looked at when the wish to close is stored, and not again right before it is sent.',
    breaks: 'A freeze stops within a second',
    edits: [['src/payments/close-payment.ts', '    if (await isFrozenNow(till)) throw new Stopped();\n', '']],
    caughtBy: ['test/payments/quota/freeze.test.ts'],
    simulated: true,
  },
  {
    name: 'form-trusted-by-default',
    deed: "A client's form counts as a person's yes where the policy says nothing.",
    breaks: AGENT,
    edits: [
      [
        'src/persons/person.ts',
        'return policy.trustForms ? new Person',
        'return policy.trustForms !== null ? new Person',
      ],
      [
        'src/elicitation/means.ts',
        "return trustForms ? { mode: 'form' } : undefined;",
        "return trustForms !== null ? { mode: 'form' } : undefined;",
      ],
    ],
    caughtBy: ['test/elicitation/forged.test.ts', 'test/elicitation/matrix.test.ts'],
  },
  {
    name: 'elicitation-state-unbound',
    deed: 'What a client carries from the question to the answer is good for any call and caller.',
    breaks: AGENT,
    edits: [
      [
        'src/elicitation/state.ts',
        'const bound = digest(call.caller, tool, JSON.stringify(sorted(args)));',
        "const bound = digest('', String(call && tool && sorted(args)).slice(0, 0));",
      ],
      [
        'src/elicitation/state.ts',
        'const stands = approval?.caller === binding.call.caller && approval.expiresAt',
        'const stands = approval !== undefined && approval.expiresAt',
      ],
    ],
    caughtBy: ['test/elicitation/state.test.ts', 'test/elicitation/forged.test.ts'],
  },
  {
    name: 'csrf-token-unchecked',
    deed: 'A form on the operator page counts without the token of the session.',
    breaks: AGENT,
    edits: [
      [
        'src/operator/entrance.ts',
        "    if (!sameToken(fields.get('csrf'), signedIn.csrf)) return badForm(c, 403, path);\n",
        '',
      ],
    ],
    caughtBy: ['test/operator/routes.test.ts'],
  },
  {
    name: 'approved-by-a-get',
    deed: 'A link in a message approves: GET with `decision=approve`.',
    breaks: 'A GET changes nothing',
    edits: [
      [
        'src/operator/routes.ts',
        'show(c, `/approvals/${id}`, {}, (_, signedIn) => showCase(c, id, signedIn, 200));',
        "show(c, `/approvals/${id}`, {}, async (_, signedIn) => {\n      if (c.req.query('decision') === 'approve') await ledger.write((book) => decideApproval(book, signedIn.person, id, { approve: true }, clock.now()));\n      return showCase(c, id, signedIn, 200);\n    });",
      ],
    ],
    caughtBy: ['test/operator/routes.test.ts'],
  },
  {
    name: 'session-outlives-the-secret',
    deed: 'Who signed in stays so after the operator secret was changed.',
    breaks: AGENT,
    edits: [
      [
        'src/persons/sessions.ts',
        '    if (person.id === ROOT && person.secretHash !== session.secretHash) return undefined;\n',
        '',
      ],
    ],
    caughtBy: ['test/operator/secret-and-record.test.ts'],
  },
  {
    name: 'role-unchecked',
    deed: 'Whoever is signed in may do whatever a person may.',
    breaks: AGENT,
    edits: [
      [
        'src/persons/person.ts',
        'return may(person, NEEDS[deed]);',
        'return may(person, NEEDS[deed]) || true;',
      ],
    ],
    caughtBy: ['test/operator/roles.test.ts'],
  },
  {
    name: 'revoked-person-decides',
    deed: 'Somebody who is revoked between their request and its transaction still decides.',
    breaks: AGENT,
    edits: [
      [
        'src/persons/person.ts',
        '  if (!(await person.stands(book))) throw noLonger();\n',
        '  void noLonger;\n',
      ],
    ],
    caughtBy: ['test/operator/roles.test.ts'],
  },
  {
    name: 'passkey-answer-replayed',
    deed: 'What a passkey has signed once signs in as often as it is sent.',
    breaks: AGENT,
    edits: [
      [
        'src/persons/proven-by-passkey.ts',
        '    if (!(await book.persons.spend(challenge, until))) return undefined;\n    if (!(await book.persons.countPasskey(known.id, counter))) return undefined;\n',
        '    void [challenge, until, counter];\n',
      ],
    ],
    caughtBy: ['test/operator/passkeys.test.ts'],
  },
  {
    name: 'passkey-of-another-person',
    deed: 'Whose a passkey is, is taken from what the answer says.',
    breaks: AGENT,
    edits: [
      [
        'src/persons/proven-by-passkey.ts',
        '  if (claim.handle !== handleOf(ledgerId, known.person)) return undefined;\n',
        '  void [ledgerId, handleOf];\n',
      ],
    ],
    caughtBy: ['test/operator/passkeys.test.ts'],
  },
  {
    name: 'title-unescaped',
    deed: 'Text of an agent is put into a page as it is.',
    breaks: AGENT,
    edits: [
      [
        'src/html/markup.ts',
        "return String(value).replace(/[&<>\"']/g, (character) => ENTITIES[character] ?? '');",
        'return ENTITIES ? String(value) : "";',
      ],
    ],
    caughtBy: ['test/buyer-page/page.test.ts', 'test/operator/routes.test.ts'],
  },
  {
    name: 'restored-today-resumes-at-once',
    deed: 'A ledger that is restored on the day of its backup goes on before anybody has seen the bill of that day.',
    breaks: 'A restored ledger is paused until it has caught up',
    edits: [
      [
        'src/ledger/restored.ts',
        'filter(({ open }) => open !== 0)',
        'filter(({ open, date }) => open !== 0 && date < beijingDate(restored.at))',
      ],
    ],
    caughtBy: ['test/policy/decisions.test.ts'],
  },
  {
    name: 'own-sign-in-undoes-wrong-guesses',
    deed: 'A good sign-in takes back all guesses of its source, at whosever secret.',
    breaks: AGENT,
    edits: [
      [
        'src/operator/guesses.ts',
        'if (right) await this.#count.forget(key, turn.slot);',
        'if (right) for (let slot = 1; slot <= MOST_GUESSES; slot += 1) await this.#count.forget(key, slot);',
      ],
    ],
    caughtBy: ['test/operator/lock-out.test.ts'],
  },
];

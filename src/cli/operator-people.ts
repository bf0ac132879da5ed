import type { Config, Place } from '../config.ts';
import { beijingIso } from '../domain/clock.ts';
import { CashierError } from '../domain/errors.ts';
import { mountOf } from '../domain/merchant.ts';
import { addPerson, listPeople, revokePerson } from '../persons/people.ts';
import { ROLES, type Role } from '../persons/person.ts';
import { systemClock, systemRandom } from '../platform/system.ts';
import { announceToPerson, withBooks } from './books.ts';
import type { CommandContext } from './command.ts';
import { promptPerson } from './operator-secret.ts';
import { print, printJson, printTable } from './terminal.ts';

type Values = Place & { readonly json: boolean };

/** `operator add NAME --role R`: an invitation, shown once; the person chooses how they prove themselves. */
export function add(
  name: string,
  role: Role | undefined,
  values: Values,
  context: CommandContext,
): Promise<number> {
  const { say } = context;
  if (role === undefined) throw whichRole();
  return withBooks(context, values, 'write', async (books) => {
    const { ledger, settings, where } = books;
    announceToPerson(books, values.json);
    const person = await promptPerson(ledger, settings, say);
    const ports = { now: systemClock.now(), randomBytes: systemRandom };
    const { code, until, ...added } = await addPerson(ledger, person, { name, role }, ports);
    const link = invitationLink(settings, code);
    if (values.json) {
      printJson({ ...where, ...added, code, link, until: beijingIso(until) });
      return 0;
    }
    books.announce();
    const roles = ROLE_WORDS[role];
    print(say.line(`✔ 已邀请 ${added.name}（${roles.zh}）`, `✔ ${added.name} is invited (${roles.en})`));
    if (link === undefined) {
      print(
        say.line(
          '请对方在本机打开页面：mcp-cashier approvals page',
          'They open the page on this machine: mcp-cashier approvals page',
        ),
      );
      print(say.line('然后在“我有邀请码”中输入：', 'and enter under "I have an invitation":'));
    } else {
      print(say.line('把链接发给对方，只能用一次：', 'Send them this link; it works once:'));
      print(link);
      print(
        say.line(
          '打不开时，在登录页的“我有邀请码”中输入：',
          'Or they enter this under "I have an invitation" at sign-in:',
        ),
      );
    }
    print(code);
    print(
      say.line(
        `有效期至 ${beijingIso(until)}。不要交给智能体。`,
        `Valid until ${beijingIso(until)}. Give it to no agent.`,
      ),
    );
    return 0;
  });
}

/** What stands behind `#` is never sent: neither a proxy's log nor a chat that looks at links has it. */
function invitationLink({ operatorUrl, merchant }: Config, code: string): string | undefined {
  return operatorUrl === undefined ? undefined : `${operatorUrl}${mountOf(merchant)}/approvals/join#${code}`;
}

export function revoke(name: string, values: Values, context: CommandContext): Promise<number> {
  const { say } = context;
  return withBooks(context, values, 'write', async (books) => {
    const { ledger, settings, where } = books;
    announceToPerson(books, values.json);
    const person = await promptPerson(ledger, settings, say);
    const revoked = await revokePerson(ledger, person, name);
    if (values.json) printJson({ ...where, name: revoked.name, revoked: true });
    else {
      books.announce();
      print(
        say.line(
          `✔ 已移除 ${revoked.name}，其登录和通行密钥立即失效`,
          `✔ ${revoked.name} is revoked: signed out everywhere, and the passkeys are gone`,
        ),
      );
    }
    return 0;
  });
}

/** `operator list`: who may sign in besides the holder of the secret. */
export function list(values: Values, context: CommandContext): Promise<number> {
  const { say } = context;
  return withBooks(context, values, 'read', async ({ ledger, where, announce }) => {
    const people = await listPeople(ledger);
    const now = systemClock.now();
    if (values.json) {
      printJson({
        ...where,
        items: people.map(({ name, role, addedAt, invitedUntil, password, passkeys, sessions }) => ({
          ...{ name, role, addedAt: beijingIso(addedAt), password, signedIn: sessions },
          passkeys: passkeys.map((one) => ({
            ...{ name: one.name, host: one.rpId, addedAt: beijingIso(one.addedAt) },
            ...(one.usedAt === undefined ? {} : { usedAt: beijingIso(one.usedAt) }),
          })),
          ...(invitedUntil === undefined ? {} : { invitedUntil: beijingIso(invitedUntil) }),
        })),
      });
      return 0;
    }
    announce();
    printTable([
      say.row('姓名|权限|通行密钥|密码|登录中|添加于', 'name|role|passkeys|password|signed in|added'),
      ...people.map(({ name, role, addedAt, invitedUntil, password, passkeys, sessions }) => [
        name,
        role,
        ...(invitedUntil === undefined
          ? [
              passkeys.map((passkey) => passkey.name || passkey.rpId).join(', ') || '-',
              password ? say.line('有', 'yes') : '-',
            ]
          : [
              invitedUntil > now ? say.line('已邀请', 'invited') : say.line('邀请已过期', 'invitation over'),
              '-',
            ]),
        String(sessions),
        beijingIso(addedAt),
      ]),
    ]);
    return 0;
  });
}

const ROLE_WORDS: Readonly<Record<Role, { readonly zh: string; readonly en: string }>> = {
  see: { zh: '只看', en: 'looks' },
  decide: { zh: '审批、退款、关单', en: 'approves, refunds, closes' },
  rule: { zh: '审批，并可改规则、额度、暂停', en: 'decides, and sets policy, budgets, pause' },
};

function whichRole(): CashierError {
  return new CashierError('INVALID_ARGUMENT', {
    zh: `operator add 需要 --role（${ROLES.join('、')}）。`,
    en: `operator add needs --role (${ROLES.join(', ')}).`,
    next: { zh: '补上后重试。', en: 'Add it and try again.' },
  });
}

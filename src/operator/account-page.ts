import type { Text } from '../domain/errors.ts';
import type { PasskeyRecord } from '../ledger/person-book.ts';
import type { Place } from '../persons/passkeys.ts';
import type { SessionView, SignedIn } from '../persons/sessions.ts';
import type { Frame } from './frame.ts';
import { passwordFields } from './join-page.ts';
import { moment, shell, token } from './layout.ts';
import { foreign, html, type Markup } from './markup.ts';
import { passkeyButton } from './sign-in-page.ts';
import { ROLE_WORDS, SIGN_IN } from './sign-in-words.ts';

/** What somebody's own page shows. */
export interface AccountView {
  readonly signedIn: SignedIn;
  /** Whether they have proven themselves so lately that they may change by what. */
  readonly fresh: boolean;
  readonly hasPassword: boolean;
  readonly passkeys: readonly PasskeyRecord[];
  readonly sessions: readonly SessionView[];
  /** Where passkeys are made; undefined where browsers make none. */
  readonly place: Place | undefined;
  /** What a new one is called unless told otherwise. */
  readonly device: string;
}

/** Who is signed in, by what and where. */
export function accountPage(frame: Frame, view: AccountView, problem?: Text): Markup {
  const { person } = view.signedIn;
  return shell(frame, {
    title: frame.say(SIGN_IN.me),
    body: html`<h1>${frame.say(SIGN_IN.me)}</h1>
<div class="live">
${problem === undefined ? '' : html`<p class="note warn" role="alert">${frame.say(problem)}</p>`}
<div class="card"><dl><div><dt>${frame.say(SIGN_IN.name)}</dt><dd>${foreign(person.name)}</dd></div>
<div><dt>${frame.say(SIGN_IN.role)}</dt><dd>${frame.say(ROLE_WORDS[person.role])}</dd></div></dl></div>
${view.fresh ? '' : html`<p class="note">${frame.say(SIGN_IN.staleHint)}</p>`}
${passkeysCard(frame, view)}
${person.role === 'root' ? '' : passwordCard(frame, view)}
${sessionsCard(frame, view)}
</div>`,
  });
}

function passkeysCard(frame: Frame, { passkeys, fresh, place, device }: AccountView): Markup {
  const items = passkeys.map(
    ({ id, name, rpId, addedAt, usedAt }) =>
      html`<li class="row"><div><b>${foreign(name)}</b> <span class="small soft">${foreign(rpId)}</span><br><span class="small soft">${frame.say(SIGN_IN.added)} ${moment(frame, addedAt)}${usedAt === undefined ? '' : html` · ${frame.say(SIGN_IN.used)} ${moment(frame, usedAt)}`}</span></div>
${fresh ? html`<form method="post" action="${frame.to('/me/remove')}">${token(frame)}<input type="hidden" name="id" value="${id}"><button class="button no">${frame.say(SIGN_IN.remove)}<span class="quiet"> ${foreign(name)}</span></button></form>` : ''}</li>`,
  );
  const add =
    place === undefined
      ? html`<p class="small soft">${frame.say(SIGN_IN.noPlace)}</p>`
      : fresh
        ? html`<form class="stack" method="post" action="${frame.to('/me/passkey')}" data-passkey="make" data-options="${frame.to('/me/options')}">${token(frame)}
<div data-with hidden class="stack"><label for="label">${frame.say(SIGN_IN.label)}</label><input id="label" name="label" value="${device}" maxlength="40" autocomplete="off"></div>
${passkeyButton(frame, SIGN_IN.addPasskey, SIGN_IN.makeFailed, 'alone')}</form>`
        : '';
  return html`<section class="card" aria-labelledby="passkeys"><h2 id="passkeys">${frame.say(SIGN_IN.passkeys)}</h2>
${passkeys.length === 0 ? html`<p class="soft">${frame.say(SIGN_IN.noPasskeys)}</p>` : html`<ul class="rows">${items}</ul>`}
${add}</section>`;
}

function passwordCard(frame: Frame, { hasPassword, fresh }: AccountView): Markup {
  const title = frame.say(hasPassword ? SIGN_IN.changePassword : SIGN_IN.setPassword);
  return html`<section class="card" aria-labelledby="password-title"><h2 id="password-title">${title}</h2><p class="small soft">${frame.say(SIGN_IN.passwordMeans)}</p>
${fresh ? html`<form class="stack" method="post" action="${frame.to('/me/password')}">${token(frame)}${passwordFields(frame)}<button class="button go">${frame.say(SIGN_IN.save)}</button></form>` : ''}</section>`;
}

function sessionsCard(frame: Frame, { sessions, signedIn }: AccountView): Markup {
  const items = sessions.map(
    ({ name, device, beganAt, expiresAt }) =>
      html`<li class="row"><div><b>${device === '' ? frame.say(SIGN_IN.someDevice) : foreign(device)}</b>${name === signedIn.session ? html` <span class="badge pending">${frame.say(SIGN_IN.thisOne)}</span>` : ''}<br><span class="small soft">${frame.say(SIGN_IN.since)} ${moment(frame, beganAt)} · ${frame.say(SIGN_IN.lasts)} ${moment(frame, expiresAt)}</span></div>
<form method="post" action="${frame.to('/me/end')}">${token(frame)}<input type="hidden" name="session" value="${name}"><button class="button plainly">${frame.say(SIGN_IN.endOne)}</button></form></li>`,
  );
  return html`<section class="card" aria-labelledby="sessions"><h2 id="sessions">${frame.say(SIGN_IN.sessions)}</h2><ul class="rows">${items}</ul>
<form method="post" action="${frame.to('/me/end')}">${token(frame)}<button class="button no">${frame.say(SIGN_IN.endAll)}</button></form></section>`;
}

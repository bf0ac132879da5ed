import type { Text } from '../domain/errors.ts';
import type { Frame } from './frame.ts';
import { shell } from './layout.ts';
import { html, type Markup } from './markup.ts';
import { passkeyButton, stayField } from './sign-in-page.ts';
import { SIGN_IN } from './sign-in-words.ts';
import { WORDS } from './words.ts';

/**
 * Where somebody who was invited chooses how to prove themselves. To look at it uses nothing up: chats look at links.
 * @param passkeys whether browsers give passkeys to this address at all
 * @param code as it was typed before
 */
export function joinPage(
  frame: Frame,
  { passkeys, code }: { readonly passkeys: boolean; readonly code: string },
  problem?: Text,
): Markup {
  return shell(frame, {
    title: frame.say(SIGN_IN.join),
    body: html`<section class="card narrow"><h1>${frame.say(SIGN_IN.join)}</h1><p class="soft">${frame.say(SIGN_IN.joinLead)}</p>
${problem === undefined ? '' : html`<p class="note bad" role="alert">${frame.say(problem)}</p>`}
<form class="stack" method="post" action="${frame.to('/join')}"${passkeys ? html` data-passkey="make" data-options="${frame.to('/join/options')}"` : ''}>
<label for="code">${frame.say(SIGN_IN.code)}</label>
<input id="code" name="code" value="${code}" autocomplete="off" autocapitalize="characters" spellcheck="false" required maxlength="64" class="number">
${stayField(frame, 'month')}
${passkeys ? passkeyButton(frame, SIGN_IN.usePasskey, SIGN_IN.makeFailed) : ''}
${passwordFields(frame)}
<button class="button ${passkeys ? 'plainly' : 'go'}">${frame.say(SIGN_IN.usePassword)}</button>
</form>
<p class="small"><a href="${frame.to('/sign-in')}">${frame.say(WORDS.signIn)}</a></p></section>`,
  });
}

/** A new password, typed twice: nobody sees it. */
export function passwordFields(frame: Frame): Markup {
  return html`<label for="password">${frame.say(SIGN_IN.newPassword)}</label>
<input id="password" name="password" type="password" autocomplete="new-password" required minlength="8" maxlength="1024">
<label for="again">${frame.say(SIGN_IN.again)}</label>
<input id="again" name="again" type="password" autocomplete="new-password" required minlength="8" maxlength="1024">`;
}

import type { Text } from '../domain/errors.ts';
import { STAYS, type Stay } from '../persons/sessions.ts';
import type { Frame } from './frame.ts';
import { plainPage, shell } from './layout.ts';
import { html, type Markup } from './markup.ts';
import { SIGN_IN, STAY_WORDS } from './sign-in-words.ts';
import { WORDS } from './words.ts';

/** What there is to sign in by. */
export interface Ways {
  /** Whether anybody has a passkey that works here. */
  readonly passkeys: boolean;
  /** Whether anybody signs in by a name. */
  readonly names: boolean;
  /** The same page where passkeys work, when they do not here. */
  readonly elsewhere?: string | undefined;
}

/** Asks who somebody is. `next` is the page to go on to, `problem` what was wrong before. */
export function signInPage(
  frame: Frame,
  next: string | undefined,
  { passkeys, names, elsewhere, name }: Ways & { readonly name: string },
  problem?: Text,
): Markup {
  const described = problem === undefined ? 'secret-hint' : 'problem secret-hint';
  const isWrong = problem === WORDS.wrongSecret || problem === SIGN_IN.wrong;
  return shell(frame, {
    title: frame.say(WORDS.signIn),
    body: html`<section class="card narrow"><h1>${frame.say(WORDS.signIn)}</h1><p class="soft">${frame.say(WORDS.signInLead)}</p>
${problem === undefined ? '' : html`<p id="problem" class="note bad" role="alert">${frame.say(problem)}</p>`}
<form class="stack" method="post" action="${frame.to('/sign-in')}"${passkeys ? html` data-passkey="get" data-options="${frame.to('/sign-in/options')}"` : ''}>
${next === undefined ? '' : html`<input type="hidden" name="next" value="${next}">`}
${passkeys ? html`${stayField(frame)}${passkeyButton(frame, SIGN_IN.passkey, SIGN_IN.passkeyFailed)}` : ''}
${names ? html`<label for="name">${frame.say(SIGN_IN.name)}</label><input id="name" name="name" value="${name}" autocomplete="username" autocapitalize="none" spellcheck="false" maxlength="64" aria-describedby="name-hint"><p id="name-hint" class="small soft">${frame.say(SIGN_IN.nameHint)}</p>` : ''}
<label for="secret">${frame.say(names ? SIGN_IN.password : WORDS.secret)}</label>
<input id="secret" name="secret" type="password" autocomplete="current-password" autocapitalize="none" spellcheck="false" required${passkeys || names ? '' : html` autofocus`} maxlength="1024" aria-describedby="${described}"${isWrong ? html` aria-invalid="true"` : ''}>
<p id="secret-hint" class="small soft">${frame.say(WORDS.secretHint)}</p>
${passkeys ? '' : stayField(frame)}
<button class="button ${passkeys ? 'plainly' : 'go'}">${frame.say(WORDS.signInButton)}</button>
</form>
<p class="small row"><a href="${frame.to('/join')}">${frame.say(SIGN_IN.haveCode)}</a>${elsewhere === undefined ? '' : html` <a href="${elsewhere}">${frame.say(SIGN_IN.local)}</a>`}</p></section>`,
  });
}

/** Shown by the script only, in a browser that knows passkeys; what they answer goes with the form. */
export function passkeyButton(frame: Frame, words: Text, failed: Text, how?: 'alone'): Markup {
  return html`<input type="hidden" name="answer" value="">
<p class="note bad" role="alert" data-problem hidden>${frame.say(failed)}</p>
<button type="button" class="button go" data-use data-with hidden>${frame.say(words)}</button>
${how === 'alone' ? '' : html`<p class="or small soft" data-with hidden>${frame.say(SIGN_IN.or)}</p>`}`;
}

/** For how long this device is to be believed. */
export function stayField(frame: Frame, usual: Stay = 'visit'): Markup {
  const options = Object.keys(STAYS).map(
    (stay) =>
      html`<option value="${stay}"${stay === usual ? html` selected` : ''}>${frame.say(STAY_WORDS[stay as Stay])}</option>`,
  );
  return html`<label for="stay">${frame.say(SIGN_IN.stay)}</label><select id="stay" name="stay">${options}</select>`;
}

/** Nobody can sign in, because there is no secret to know. */
export function noSecretPage(frame: Frame, next: string | undefined): Markup {
  const again = frame.to('/sign-in', next === undefined ? {} : { next });
  return plainPage(
    frame,
    WORDS.noSecret,
    WORDS.noSecretAdvice,
    html`<pre class="command" tabindex="0"><code translate="no">${frame.typed('mcp-cashier operator set-secret')}</code></pre><p><a class="button go" href="${again}">${frame.say(WORDS.noSecretThen)}</a></p>`,
  );
}

/** Too many have guessed. `wait` in seconds. */
export function waitPage(frame: Frame, wait: number, next: string | undefined): Markup {
  const again = frame.to('/sign-in', next === undefined ? {} : { next });
  return plainPage(
    frame,
    WORDS.tooMany,
    WORDS.tooManyAdvice,
    html`<p>${frame.say(WORDS.tooManySeconds)}<b class="number">${wait}</b></p><p><a class="button plainly" href="${again}">${frame.say(WORDS.tryAgain)}</a></p>`,
  );
}

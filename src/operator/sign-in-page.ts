import type { Text } from '../domain/errors.ts';
import type { Frame } from './frame.ts';
import { plainPage, shell } from './layout.ts';
import { html, type Markup } from './markup.ts';
import { WORDS } from './words.ts';

/** Asks for the operator secret. `next` is the approval to go on to, `problem` what was wrong before. */
export function signInPage(frame: Frame, next: string | undefined, problem?: Text): Markup {
  const described = problem === undefined ? 'secret-hint' : 'problem secret-hint';
  return shell(frame, {
    title: frame.say(WORDS.signIn),
    body: html`<section class="card narrow"><h1>${frame.say(WORDS.signIn)}</h1><p class="soft">${frame.say(WORDS.signInLead)}</p>
${problem === undefined ? '' : html`<p id="problem" class="note bad" role="alert">${frame.say(problem)}</p>`}
<form class="stack" method="post" action="${frame.to('/sign-in')}">
${next === undefined ? '' : html`<input type="hidden" name="next" value="${next}">`}
<label for="secret">${frame.say(WORDS.secret)}</label>
<input id="secret" name="secret" type="password" autocomplete="current-password" autocapitalize="none" spellcheck="false" required autofocus maxlength="1024" aria-describedby="${described}"${problem === WORDS.wrongSecret ? html` aria-invalid="true"` : ''}>
<p id="secret-hint" class="small soft">${frame.say(WORDS.secretHint)}</p>
<button class="button go">${frame.say(WORDS.signInButton)}</button>
</form></section>`,
  });
}

/** Nobody can sign in, because there is no secret to know. */
export function noSecretPage(frame: Frame, next: string | undefined): Markup {
  return plainPage(
    frame,
    WORDS.noSecret,
    WORDS.noSecretAdvice,
    html`<pre class="command" tabindex="0"><code translate="no">${frame.typed('mcp-cashier operator set-secret')}</code></pre><p>${frame.say(WORDS.noSecretThen)}</p>`,
    { seconds: 15, to: frame.to('/sign-in', next === undefined ? {} : { next }) },
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

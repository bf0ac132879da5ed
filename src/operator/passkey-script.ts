/**
 * What pages with a passkey run besides. Without it, or in a browser that knows no passkeys, their buttons stay hidden
 * and a password does. An invitation's code comes behind `#`, which no server is sent, and leaves the address at once.
 * @see https://www.w3.org/TR/webauthn-3/
 */
export const PASSKEY_SCRIPT = `(() => {
'use strict';
const code = document.getElementById('code');
if (code && location.hash.length > 1) {
  code.value = location.hash.slice(1);
  history.replaceState(null, '', location.pathname + location.search);
}
const form = document.querySelector('form[data-passkey]');
if (!form || !window.PublicKeyCredential) return;
const button = form.querySelector('[data-use]');
const problem = form.querySelector('[data-problem]');
for (const part of form.querySelectorAll('[data-with]')) part.hidden = false;

const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), (one) => one.charCodeAt(0));
const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/[+]/g, '-').replace(/[/]/g, '_').replace(/=+$/, '');
const known = (list) => (list || []).map((one) => ({ ...one, id: bytes(one.id) }));

async function ask() {
  const answer = await fetch(form.dataset.options, { method: 'POST', body: new URLSearchParams(new FormData(form)), cache: 'no-store', redirect: 'error' });
  if (!answer.ok) throw answer.status;
  const wanted = await answer.json();
  const challenge = bytes(wanted.challenge);
  if (form.dataset.passkey === 'get') {
    const { id, response } = await navigator.credentials.get({ publicKey: { ...wanted, challenge } });
    return { id, rawId: id, type: 'public-key', clientExtensionResults: {}, response: {
      clientDataJSON: text(response.clientDataJSON), authenticatorData: text(response.authenticatorData),
      signature: text(response.signature), userHandle: response.userHandle ? text(response.userHandle) : undefined } };
  }
  const { id, response } = await navigator.credentials.create({ publicKey: { ...wanted, challenge,
    user: { ...wanted.user, id: bytes(wanted.user.id) }, excludeCredentials: known(wanted.excludeCredentials) } });
  return { id, rawId: id, type: 'public-key', clientExtensionResults: {}, response: {
    clientDataJSON: text(response.clientDataJSON), attestationObject: text(response.attestationObject) } };
}

button.addEventListener('click', async () => {
  button.disabled = true;
  problem.hidden = true;
  try {
    form.elements.answer.value = JSON.stringify(await ask());
    form.submit();
  } catch {
    problem.hidden = false;
    button.disabled = false;
  }
});
})();
`;

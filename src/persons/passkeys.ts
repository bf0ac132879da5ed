import type { AuthenticationResponseJSON, RegistrationResponseJSON } from '@simplewebauthn/server';
import type { PasskeyRecord } from '../ledger/person-book.ts';
import { CHALLENGE_MS } from './challenges.ts';
import { sha256 } from './password.ts';

/** Where passkeys are made and used: a host name that browsers know them by, and the origin of the page. */
export interface Place {
  readonly rpId: string;
  readonly origin: string;
}

/** COSE: EdDSA, ES256, RS256. */
const ALGORITHMS = [-8, -7, -257];
const BASE64URL = /^[A-Za-z0-9_-]+$/;
/** Far above any key's (characters): no id of that length is looked up. */
const MAX_ID = 1_400;

/** Loaded with the first passkey: whoever has none pays nothing for it. */
const library = () => import('@simplewebauthn/server');

/** Which browsers give passkeys to at all: pages under https, and `localhost`; never an address of numbers. */
export function placeOf(origin: string): Place | undefined {
  const { protocol, hostname } = new URL(origin);
  const isLocal = protocol === 'http:' && hostname === 'localhost';
  const isNamed = protocol === 'https:' && !/^[\d.]+$|^\[/.test(hostname);
  return isLocal || isNamed ? { rpId: hostname, origin } : undefined;
}

/** By which a passkey says whose it is: no two ledgers that share a host name have the same. */
export function handleOf(ledgerId: string, person: string): string {
  return Buffer.from(sha256(`passkey ${ledgerId} ${person}`), 'hex').toString('base64url');
}

/** For `navigator.credentials.create`, as JSON. @see https://www.w3.org/TR/webauthn-3/#dictdef-publickeycredentialcreationoptionsjson */
export function makingOptions(
  { rpId }: Place,
  challenge: string,
  owner: {
    readonly handle: string;
    readonly name: string;
    readonly shop: string;
    readonly has: readonly PasskeyRecord[];
  },
) {
  return {
    challenge,
    rp: { id: rpId, name: owner.shop },
    user: { id: owner.handle, name: owner.name, displayName: `${owner.name} · ${owner.shop}` },
    pubKeyCredParams: ALGORITHMS.map((alg) => ({ type: 'public-key', alg })),
    timeout: CHALLENGE_MS,
    attestation: 'none',
    excludeCredentials: owner.has
      .filter((passkey) => passkey.rpId === rpId)
      .map(({ id }) => ({ type: 'public-key', id })),
    // Found without a name, and never used without a finger, a face or a PIN.
    authenticatorSelection: {
      residentKey: 'required',
      requireResidentKey: true,
      userVerification: 'required',
    },
  };
}

/** For `navigator.credentials.get`, as JSON. It names nobody's passkey: whoever asks is nobody yet. */
export function signInOptions({ rpId }: Place, challenge: string) {
  return { challenge, rpId, timeout: CHALLENGE_MS, userVerification: 'required' };
}

/** What a browser has made, checked; undefined where it is not what was asked for. */
export async function readMade(
  text: string,
  challenge: string,
  { rpId, origin }: Place,
): Promise<Pick<PasskeyRecord, 'id' | 'publicKey' | 'counter' | 'rpId'> | undefined> {
  const response = parsed<RegistrationResponseJSON>(text);
  if (!response) return undefined;
  const { verifyRegistrationResponse } = await library();
  try {
    if (!(await isUnattested(response))) return undefined;
    const { verified, registrationInfo } = await verifyRegistrationResponse({
      response,
      expectedChallenge: challenge,
      expectedOrigin: origin,
      expectedRPID: rpId,
      requireUserVerification: true,
      supportedAlgorithmIDs: ALGORITHMS,
    });
    if (!verified) return undefined;
    const { id, publicKey, counter } = registrationInfo.credential;
    return { id, publicKey: Buffer.from(publicKey).toString('base64url'), counter, rpId };
  } catch {
    return undefined; // the library's way of saying no
  }
}

/**
 * None is asked for. A statement by somebody's certificate would have the library look for its revocation wherever the
 * certificate says.
 */
async function isUnattested({ response }: RegistrationResponseJSON): Promise<boolean> {
  const { decodeAttestationObject } = await import('@simplewebauthn/server/helpers');
  const statement = decodeAttestationObject(
    new Uint8Array(Buffer.from(response.attestationObject, 'base64url')),
  );
  const format = statement.get('fmt');
  return format === 'none' || (format === 'packed' && statement.get('attStmt').get('x5c') === undefined);
}

/** Which passkey an answer claims to be of, before anything of it is believed. */
export function claimed(text: string): { readonly id: string; readonly handle: string } | undefined {
  const response = parsed<AuthenticationResponseJSON>(text);
  const handle = response?.response?.userHandle;
  return response && typeof handle === 'string' ? { id: response.id, handle } : undefined;
}

/** The counter of a passkey that has signed this challenge, for this place, with its owner there; else undefined. */
export async function readSigned(
  text: string,
  passkey: PasskeyRecord,
  challenge: string,
  { rpId, origin }: Place,
): Promise<number | undefined> {
  const response = parsed<AuthenticationResponseJSON>(text);
  if (!response || passkey.rpId !== rpId || passkey.id !== response.id) return undefined;
  const { verifyAuthenticationResponse } = await library();
  try {
    const { verified, authenticationInfo } = await verifyAuthenticationResponse({
      response,
      expectedChallenge: challenge,
      expectedOrigin: origin,
      expectedRPID: rpId,
      requireUserVerification: true,
      credential: {
        id: passkey.id,
        publicKey: new Uint8Array(Buffer.from(passkey.publicKey, 'base64url')),
        counter: passkey.counter,
      },
    });
    return verified ? authenticationInfo.newCounter : undefined;
  } catch {
    return undefined;
  }
}

function parsed<T extends { readonly id: string }>(text: string): T | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null) return undefined;
    const { id, response } = value as Record<string, unknown>;
    const isOne = typeof id === 'string' && id.length <= MAX_ID && BASE64URL.test(id);
    return isOne && typeof response === 'object' && response !== null ? (value as T) : undefined;
  } catch {
    return undefined;
  }
}

import * as crypto from 'node:crypto';

/*
 * What stands in the place of `node:crypto` while histories are played: all of it, but that an RSA signature is a keyed
 * digest which anybody with either half of the pair can make. It costs a hundredth, and fails as RSA does: with
 * another text, another pair, another digest, or a signature that is cut short or altered.
 */
export * from 'node:crypto';

const BYTES = 256;
let isReal = false;

/** Whether signatures are RSA from now on. */
export function signForReal(real: boolean): void {
  isReal = real;
}

type Key = crypto.KeyLike | crypto.VerifyKeyObjectInput;
const secrets = new WeakMap<crypto.KeyObject, Buffer>();

function secretOf(key: Key): Buffer {
  const given = key instanceof crypto.KeyObject ? key : crypto.createPublicKey(key as crypto.KeyLike);
  const known = secrets.get(given);
  if (known) return known;
  const half = given.type === 'private' ? crypto.createPublicKey(given) : given;
  if (half.asymmetricKeyType !== 'rsa') throw new Error('not an RSA key');
  const secret = crypto
    .createHash('sha256')
    .update(half.export({ type: 'spki', format: 'der' }))
    .digest();
  secrets.set(given, secret);
  return secret;
}

function keyed(algorithm: string | null | undefined, text: Buffer, key: Key): Buffer {
  // Nobody here continues a digest whose secret he does not know, and an HMAC costs three times as much.
  const digest = crypto
    .createHash('sha256')
    .update(secretOf(key))
    .update(/sha1$/i.test(algorithm ?? '') ? 'sha1' : 'sha256')
    .update(text)
    .digest();
  return Buffer.concat(Array.from({ length: BYTES / digest.length }, () => digest));
}

const isRsa = (key: unknown) => key instanceof crypto.KeyObject && key.asymmetricKeyType === 'rsa';

export const sign = ((algorithm: string, data: Buffer, key: Key) =>
  isReal || !isRsa(key)
    ? crypto.sign(algorithm, data, key as crypto.KeyLike)
    : keyed(algorithm, Buffer.from(data), key)) as typeof crypto.sign;

export const verify = ((algorithm: string, data: Buffer, key: Key, signature: Buffer) =>
  isReal || !isRsa(key)
    ? crypto.verify(algorithm, data, key as crypto.KeyLike, signature)
    : keyed(algorithm, Buffer.from(data), key).equals(signature)) as typeof crypto.verify;

/** Of a text that comes in pieces. */
class Pieces {
  readonly #algorithm: string;
  readonly #pieces: Buffer[] = [];

  constructor(algorithm: string) {
    this.#algorithm = algorithm;
  }

  update(piece: string | Buffer, encoding?: BufferEncoding): this {
    this.#pieces.push(typeof piece === 'string' ? Buffer.from(piece, encoding) : piece);
    return this;
  }

  sign(key: Key, encoding?: BufferEncoding): Buffer | string {
    const signature = sign(this.#algorithm, Buffer.concat(this.#pieces), key as crypto.KeyLike);
    return encoding === undefined ? signature : signature.toString(encoding);
  }

  verify(key: Key, signature: string | Buffer, encoding?: BufferEncoding): boolean {
    const bytes = typeof signature === 'string' ? Buffer.from(signature, encoding) : signature;
    return verify(this.#algorithm, Buffer.concat(this.#pieces), key as crypto.KeyLike, bytes);
  }
}

export const createSign = ((algorithm: string) =>
  new Pieces(algorithm)) as unknown as typeof crypto.createSign;
export const createVerify = ((algorithm: string) =>
  new Pieces(algorithm)) as unknown as typeof crypto.createVerify;

export default { ...crypto, sign, verify, createSign, createVerify };

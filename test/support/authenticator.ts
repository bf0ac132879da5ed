import { createHash, createSign, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';

/** What a browser is asked for, as far as an authenticator heeds it. */
interface Asked {
  readonly challenge: string;
  readonly rpId?: string;
  readonly rp?: { readonly id: string };
  readonly user?: { readonly id: string };
}

/** How an answer differs from an honest one's. */
export interface Lie {
  readonly type?: string;
  readonly origin?: string;
  readonly challenge?: string;
  readonly rpId?: string;
  readonly crossOrigin?: boolean;
  /** Of the flags: present, verified. */
  readonly flags?: number;
  readonly counter?: number;
  readonly handle?: string;
  readonly id?: string;
  readonly signedBy?: Passkey;
  readonly attested?: Buffer;
}

const PRESENT = 0x01;
const VERIFIED = 0x04;
const HAS_KEY = 0x40;
const sha256 = (data: string | Buffer) => createHash('sha256').update(data).digest();

/** A phone in software: one passkey, made and used as a browser would hand it on, or not quite so. */
export class Passkey {
  readonly id = randomBytes(16).toString('base64url');
  counter = 0;
  handle = '';
  readonly #keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });

  /** The answer to `navigator.credentials.create`, as JSON text. */
  make(asked: Asked, origin: string, lie: Lie = {}): string {
    this.handle = asked.user?.id ?? '';
    const { x = '', y = '' } = this.#keys.publicKey.export({ format: 'jwk' });
    const key = Buffer.concat([
      Buffer.from('a5010203262001215820', 'hex'),
      Buffer.from(x, 'base64url'),
      Buffer.from('225820', 'hex'),
      Buffer.from(y, 'base64url'),
    ]);
    const id = Buffer.from(this.id, 'base64url');
    const length = Buffer.from([0, id.length]);
    const data = Buffer.concat([
      this.#head(
        lie.rpId ?? asked.rp?.id ?? '',
        HAS_KEY | (lie.flags ?? PRESENT | VERIFIED),
        lie.counter ?? 0,
      ),
      ...[Buffer.alloc(16), length, id, key],
    ]);
    // {fmt: "none", attStmt: {}, authData}
    const statement = lie.attested ?? Buffer.from('63666d74646e6f6e656761747453746d74a0', 'hex');
    const object = Buffer.concat([
      ...[Buffer.from('a3', 'hex'), statement, Buffer.from('686175746844617461', 'hex')],
      ...[Buffer.from([0x58, data.length]), data],
    ]);
    return this.#answer(lie, {
      clientDataJSON: this.#client(lie.type ?? 'webauthn.create', asked, origin, lie).toString('base64url'),
      attestationObject: object.toString('base64url'),
    });
  }

  /** The answer to `navigator.credentials.get`, as JSON text. */
  sign(asked: Asked, origin: string, lie: Lie = {}): string {
    this.counter += 1;
    const client = this.#client(lie.type ?? 'webauthn.get', asked, origin, lie);
    const data = this.#head(
      lie.rpId ?? asked.rpId ?? '',
      lie.flags ?? PRESENT | VERIFIED,
      lie.counter ?? this.counter,
    );
    const signer: KeyObject = (lie.signedBy ?? this).#keys.privateKey;
    const signature = createSign('sha256').update(data).update(sha256(client)).sign(signer);
    return this.#answer(lie, {
      clientDataJSON: client.toString('base64url'),
      authenticatorData: data.toString('base64url'),
      signature: signature.toString('base64url'),
      userHandle: lie.handle ?? this.handle,
    });
  }

  #head(rpId: string, flags: number, counter: number): Buffer {
    const count = Buffer.alloc(4);
    count.writeUInt32BE(counter);
    return Buffer.concat([sha256(rpId), Buffer.from([flags]), count]);
  }

  #client(type: string, { challenge }: Asked, origin: string, lie: Lie): Buffer {
    const crossOrigin = lie.crossOrigin ?? false;
    const told = { type, challenge: lie.challenge ?? challenge, origin: lie.origin ?? origin, crossOrigin };
    return Buffer.from(JSON.stringify(told));
  }

  #answer({ id = this.id }: Lie, response: object): string {
    return JSON.stringify({ id, rawId: id, type: 'public-key', clientExtensionResults: {}, response });
  }
}

import { stillLasts } from '../domain/clock.ts';
import { byName } from '../domain/sorted.ts';
import { rowDigest } from './audit-digest.ts';
import type { Tx } from './store.ts';
import { maybe, number, Table, text } from './table.ts';

/** Stands for whoever knows the operator secret where a person's id does for everybody else. */
export const ROOT = 'operator';
/** The digest of a roster on which nobody stands. */
export const NOBODY = 'none';

const PERSONS = new Table('persons', ['id'], {
  id: text(),
  name: text(),
  /** The name as it is compared. */
  signName: text(),
  role: text(),
  /** Salt and slow hash. */
  password: maybe(text()),
  /** Digest of the code that lets them choose how to prove themselves, and until when (ms); gone once used. */
  invitation: maybe(text()),
  invitedUntil: maybe(number),
  addedAt: number,
});

/** Somebody whom the holder of the secret has let in. */
export type PersonRecord = ReturnType<typeof PERSONS.fromRow>;

const PASSKEYS = new Table('passkeys', ['id'], {
  id: text(),
  person: text(),
  publicKey: text(),
  counter: number,
  /** The host name that it was made for. */
  rpId: text(),
  name: text(),
  addedAt: number,
  usedAt: maybe(number),
});

/** A passkey; the key is public. `person` is an id, or {@link ROOT}. Times in ms. */
export type PasskeyRecord = ReturnType<typeof PASSKEYS.fromRow>;

const SESSIONS = new Table('operator_sessions', ['idHash'], {
  idHash: text(),
  csrf: text(),
  /** Of a session of {@link ROOT}: digest of the stored secret that it stands on; a changed secret ends it. */
  secretHash: text(),
  person: text(),
  beganAt: number,
  expiresAt: number,
  /** What the browser says it runs on. */
  device: text(),
});

/** Somebody signed in on the operator's pages; of the cookie only a hash is kept. Times in ms. */
export type OperatorSession = ReturnType<typeof SESSIONS.fromRow>;

/** Who may sign in, by what, and who is signed in, inside one transaction. */
export class PersonBook {
  readonly #tx: Tx;
  readonly #now: number;

  constructor(tx: Tx, now: number) {
    this.#tx = tx;
    this.#now = now;
  }

  async all(): Promise<PersonRecord[]> {
    return (await this.#tx.all('SELECT * FROM persons ORDER BY added_at, id')).map(PERSONS.fromRow);
  }

  byId(id: string): Promise<PersonRecord | undefined> {
    return this.#person('id', id);
  }

  bySignName(signName: string): Promise<PersonRecord | undefined> {
    return this.#person('sign_name', signName);
  }

  /** Only while it lasts. */
  async byInvitation(invitation: string, longest: number): Promise<PersonRecord | undefined> {
    const found = await this.#person('invitation', invitation);
    return found && stillLasts(found.invitedUntil ?? 0, this.#now, longest) ? found : undefined;
  }

  async #person(column: 'id' | 'sign_name' | 'invitation', value: string) {
    const [row] = await this.#tx.all(`SELECT * FROM persons WHERE ${column} = ?`, value);
    return row && PERSONS.fromRow(row);
  }

  async insert(person: Omit<PersonRecord, 'addedAt' | 'password'>): Promise<void> {
    await PERSONS.insert(this.#tx, { ...person, password: undefined, addedAt: this.#now });
  }

  /** With all that they could prove themselves by, and wherever they are signed in. */
  async remove(id: string): Promise<void> {
    await this.#tx.run('DELETE FROM persons WHERE id = ?', id);
    await this.removePasskeysOf(id);
    await this.endSessionsOf(id);
  }

  /** As {@link remove}, of everybody. */
  async removeAll(): Promise<void> {
    for (const table of ['persons', 'passkeys', 'operator_sessions'])
      await this.#tx.run(`DELETE FROM ${table}`);
  }

  async useInvitation(id: string): Promise<void> {
    await this.#tx.run('UPDATE persons SET invitation = NULL, invited_until = NULL WHERE id = ?', id);
  }

  async setPassword(id: string, password: string): Promise<void> {
    await this.#tx.run('UPDATE persons SET password = ? WHERE id = ?', password, id);
  }

  async passkey(id: string): Promise<PasskeyRecord | undefined> {
    const [row] = await this.#tx.all('SELECT * FROM passkeys WHERE id = ?', id);
    return row && PASSKEYS.fromRow(row);
  }

  async passkeysOf(person: string): Promise<PasskeyRecord[]> {
    const rows = await this.#tx.all('SELECT * FROM passkeys WHERE person = ? ORDER BY added_at, id', person);
    return rows.map(PASSKEYS.fromRow);
  }

  /** Whether anybody could sign in with one. */
  async hasPasskeys(rpId: string): Promise<boolean> {
    return (await this.#tx.all('SELECT 1 FROM passkeys WHERE rp_id = ? LIMIT 1', rpId)).length > 0;
  }

  /** Returns false where one of that id is known already, whoever's it is. */
  async insertPasskey(passkey: Omit<PasskeyRecord, 'addedAt' | 'usedAt'>): Promise<boolean> {
    const made = await this.#tx.run(
      `INSERT INTO passkeys (id, person, public_key, counter, rp_id, name, added_at) VALUES (?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT DO NOTHING`,
      passkey.id,
      passkey.person,
      passkey.publicKey,
      passkey.counter,
      passkey.rpId,
      passkey.name,
      this.#now,
    );
    return made === 1;
  }

  /**
   * Moves the counter of a passkey on. Returns false for one that is gone, or whose counter has been there before: it
   * was copied, or the same answer came twice.
   */
  async countPasskey(id: string, counter: number): Promise<boolean> {
    const moved = await this.#tx.run(
      'UPDATE passkeys SET counter = ?, used_at = ? WHERE id = ? AND (counter < ? OR (counter = 0 AND ? = 0))',
      counter,
      this.#now,
      id,
      counter,
      counter,
    );
    return moved === 1;
  }

  async removePasskey(person: string, id: string): Promise<boolean> {
    return (await this.#tx.run('DELETE FROM passkeys WHERE person = ? AND id = ?', person, id)) === 1;
  }

  async removePasskeysOf(person: string): Promise<void> {
    await this.#tx.run('DELETE FROM passkeys WHERE person = ?', person);
  }

  /** Takes a challenge as answered. Returns false where it was before. @param until (ms) it could be answered at all */
  async spend(challenge: string, until: number): Promise<boolean> {
    await this.#tx.run('DELETE FROM spent_challenges WHERE until <= ?', this.#now);
    const sql = 'INSERT INTO spent_challenges (challenge, until) VALUES (?, ?) ON CONFLICT DO NOTHING';
    return (await this.#tx.run(sql, challenge, until)) === 1;
  }

  /** Only one that has not expired, and has begun. */
  async session(idHash: string): Promise<OperatorSession | undefined> {
    const [row] = await this.#tx.all('SELECT * FROM operator_sessions WHERE id_hash = ?', idHash);
    const session = row && SESSIONS.fromRow(row);
    if (!session) return undefined;
    const { beganAt, expiresAt } = session;
    return stillLasts(expiresAt, this.#now, expiresAt - beganAt) ? session : undefined;
  }

  /** Oldest first. */
  async sessionsOf(person: string): Promise<OperatorSession[]> {
    const rows = await this.#tx.all(
      'SELECT * FROM operator_sessions WHERE person = ? AND expires_at > ? ORDER BY began_at, id_hash',
      person,
      this.#now,
    );
    return rows.map(SESSIONS.fromRow);
  }

  /** Also forgets those that have expired. */
  async insertSession(session: Omit<OperatorSession, 'beganAt'>): Promise<void> {
    await this.#tx.run('DELETE FROM operator_sessions WHERE expires_at <= ?', this.#now);
    await SESSIONS.insert(this.#tx, { ...session, beganAt: this.#now });
  }

  async endSession(idHash: string): Promise<void> {
    await this.#tx.run('DELETE FROM operator_sessions WHERE id_hash = ?', idHash);
  }

  async endSessionsOf(person: string): Promise<void> {
    await this.#tx.run('DELETE FROM operator_sessions WHERE person = ?', person);
  }
}

/** What the trail tells of all persons and passkeys together: any that it does not know changes it. */
export async function rosterDigest(tx: Pick<Tx, 'all'>, salt: string): Promise<string> {
  const rows = async (table: string, columns: string) =>
    (await tx.all(`SELECT ${columns} FROM ${table}`))
      // As one database gives a number, the other does not.
      .map((row) =>
        JSON.stringify(byName(row).map(([name, value]) => [name, value === null ? null : String(value)])),
      )
      .sort();
  const persons = await rows('persons', 'id, name, sign_name, role, password, invitation, invited_until');
  const passkeys = await rows('passkeys', 'id, person, public_key, rp_id');
  return persons.length + passkeys.length === 0 ? NOBODY : rowDigest(salt, ...persons, '', ...passkeys);
}

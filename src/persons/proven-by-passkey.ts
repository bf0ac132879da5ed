import type { Ledger } from '../ledger/ledger.ts';
import type { Challenge } from './challenges.ts';
import { claimed, handleOf, type Place, readSigned } from './passkeys.ts';
import { Person } from './person.ts';

/**
 * Whose passkey has signed a challenge, at this place, with its owner there; undefined for every other answer, and for
 * the second one to the same challenge.
 */
export async function provenByPasskey(
  ledger: Ledger,
  answer: string,
  { challenge, until }: Challenge,
  place: Place,
): Promise<Person | undefined> {
  const claim = claimed(answer);
  if (!claim) return undefined;
  const { known, ledgerId } = await ledger.read(async (book) => ({
    known: await book.persons.passkey(claim.id),
    ledgerId: await book.audit.ledgerId(),
  }));
  if (!known) return undefined;
  if (claim.handle !== handleOf(ledgerId, known.person)) return undefined;
  const counter = await readSigned(answer, known, challenge, place);
  if (counter === undefined) return undefined;
  return ledger.write(async (book) => {
    // Of two processes that are given the same answer, or the same counter, the second finds it used.
    if (!(await book.persons.spend(challenge, until))) return undefined;
    if (!(await book.persons.countPasskey(known.id, counter))) return undefined;
    return Person.proven(book, known.person);
  });
}

import { isActorName } from '../domain/actors.ts';

/** Letters of any script, digits, and what stands between them in names. */
const NAME = /^[\p{L}\p{N}][\p{L}\p{M}\p{N}._-]{0,31}$/u;
/** Where or why nobody with a name decided stands in the same place as a name. */
const PLACES: ReadonlySet<string> = new Set(['terminal', 'page', 'form', 'first', 'restore', 'root']);

/** Whether a person may be called so: as one of our own actors, or as where one decides, nobody is. */
export function isPersonName(name: string): boolean {
  return NAME.test(name) && !isActorName(name) && !PLACES.has(signName(name));
}

/** A name as it is compared: phones begin words with a capital. */
export function signName(name: string): string {
  return name.trim().normalize('NFKC').toLowerCase();
}

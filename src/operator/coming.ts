import type { Context } from 'hono';
import type { Ledger } from '../ledger/ledger.ts';
import type { PersonRecord } from '../ledger/person-book.ts';
import { handleOf, makingOptions, type Place, readMade } from '../persons/passkeys.ts';
import type { NewPasskey } from '../persons/people.ts';
import { isStay } from '../persons/sessions.ts';
import { sourceIn } from '../platform/listener.ts';
import type { Entrance, Fields } from './entrance.ts';
import { onOneLine } from './form.ts';
import type { Site } from './frame.ts';
import type { Coming } from './gate.ts';
import { tell } from './reply.ts';

/** What browsers say they run on, as people call it. */
const DEVICES = ['iPhone', 'iPad', 'Android', 'Windows', 'Macintosh', 'Linux'] as const;
const MAX_LABEL = 40;

/** What the browser says it runs on; nothing where it says none of those. */
export function deviceOf(c: Context): string {
  const agent = c.req.header('user-agent') ?? '';
  const found = DEVICES.find((device) => agent.includes(device)) ?? '';
  return found === 'Macintosh' ? 'Mac' : found;
}

/** Where somebody comes from, and how long they want to stay. */
export function comingIn(c: Context, site: Site, fields: Fields): Coming {
  const stay = fields.get('stay');
  return {
    ...{ site, source: sourceIn(c), cookies: c.req.header('cookie'), device: deviceOf(c) },
    stay: isStay(stay) ? stay : undefined,
  };
}

/** Asks this browser for a passkey of somebody. */
export async function passkeyWanted(
  { door, site }: Pick<Entrance, 'door' | 'site'>,
  c: Context,
  purpose: string,
  place: Place,
  { id, name }: Pick<PersonRecord, 'id' | 'name'>,
  { ledger, shop = 'mcp-cashier' }: { readonly ledger: Ledger; readonly shop: string | undefined },
): Promise<Response> {
  const { challenge, cookies } = await door.ask(`${purpose} ${place.rpId}`, site(c));
  const { ledgerId, has } = await ledger.read(async (book) => ({
    ledgerId: await book.audit.ledgerId(),
    has: await book.persons.passkeysOf(id),
  }));
  const owner = { handle: handleOf(ledgerId, id), name, shop, has };
  return tell(200, makingOptions(place, challenge, owner), cookies);
}

/** What this browser has made of it; undefined where it is not what it was asked for. */
export async function passkeyMade(
  { door, site }: Pick<Entrance, 'door' | 'site'>,
  c: Context,
  purpose: string,
  place: Place | undefined,
  fields: Fields,
): Promise<NewPasskey | undefined> {
  if (!place) return undefined;
  const asked = await door.asked(`${purpose} ${place.rpId}`, c.req.header('cookie'), site(c));
  const made = asked && (await readMade(fields.get('answer') ?? '', asked.challenge, place));
  const label = onOneLine(fields.get('label') ?? '');
  const name = [...(label || deviceOf(c) || place.rpId)].slice(0, MAX_LABEL).join('');
  return made && { ...made, ...asked, name };
}

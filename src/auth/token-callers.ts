import { createHash, timingSafeEqual } from 'node:crypto';
import { statSync } from 'node:fs';
import { isActorName } from '../domain/actors.ts';
import type { RandomBytes } from '../domain/clock.ts';
import type { Log } from '../domain/ports.ts';
import type { Identity } from '../policy/identity.ts';
import { readSections } from '../policy/read-policy.ts';
import { bearerIn, type Callers, PREFIX, type Refused } from './callers.ts';
import { METRICS, readTokenFile, type TokenEntry } from './token-file.ts';

/** So much of a token's hash tells it from any other (hex digits). */
const CREDENTIAL_DIGITS = 32;
/** Longer than any token: more is not hashed. */
const MAX_TOKEN_LENGTH = 200;
/** The stamp of what is not there. */
const NO_FILE = 'none';

interface Known {
  readonly entry: TokenEntry;
  readonly hash: Buffer;
  readonly identity: Identity;
}

export interface TokenCallers extends Callers {
  identify(authorization: string | undefined): Identity | Refused;
  /** Who has a credential now; undefined for nobody any more, `unavailable` when that cannot be known. */
  holderOf(credential: string): Identity | 'unavailable' | undefined;
}

/** A new token, 256 bits of randomness: enough that one plain hash of it can be kept. */
export function newToken(randomBytes: RandomBytes): { readonly token: string; readonly sha256: string } {
  const token = PREFIX + randomBytes(32).toString('base64url');
  return { token, sha256: hashOf(token).toString('hex') };
}

/**
 * Callers by the bearer tokens of a file, which is read again whenever it has changed: a revoked token ends at once.
 * While it cannot be read (held by another program, half written, wrong) the last good table holds and every call tries
 * again; a file that is gone lets nobody in. Throws CONFIGURATION when it cannot be read at the start.
 */
export function tokenCallers(path: string, log: Log): TokenCallers {
  let stamp = stampOf(path);
  let known: readonly Known[] | undefined = tokensIn(path, [], log);
  let identities = identitiesOf(known);
  let told: string | undefined;

  function refresh(): readonly Known[] | undefined {
    const now = stampOf(path);
    if (now === stamp) return known;
    try {
      known = tokensIn(path, known ?? [], log);
      identities = identitiesOf(known);
      stamp = now;
    } catch (error) {
      const isGone = stampOf(path) === NO_FILE;
      if (isGone) {
        if (known) identities = identitiesOf([]);
        known = undefined;
      }
      if (told !== now) {
        log.error(
          isGone
            ? 'tokens file is gone: nobody may call'
            : 'tokens file cannot be read: the last good one holds',
          {
            error: error instanceof Error ? error.message : String(error),
          },
        );
      }
      told = now;
    }
    return known;
  }

  return {
    identify(authorization): Identity | Refused {
      const tokens = refresh();
      if (tokens === undefined) return 'unavailable';
      if (authorization === undefined) return 'missing';
      const token = bearerIn(authorization);
      if (token === undefined || token.length > MAX_TOKEN_LENGTH) return 'wrong';
      const hash = hashOf(token);
      let found: Identity | undefined;
      // All are compared, so that the time taken tells nothing of where one was found.
      for (const one of tokens) if (timingSafeEqual(one.hash, hash)) found = one.identity;
      return found ?? 'wrong';
    },
    holderOf(credential) {
      const tokens = refresh();
      if (tokens === undefined) return 'unavailable';
      return tokens.find(({ identity }) => identity.credential === credential)?.identity;
    },
    current() {
      refresh();
      return identities;
    },
  };
}

function identitiesOf(known: readonly Known[]): ReadonlySet<Identity> {
  return new Set(known.map(({ identity }) => identity));
}

/** Those of `before` stay the same objects where nothing has changed for them. */
function tokensIn(path: string, before: readonly Known[], log: Log): readonly Known[] {
  const callers = readTokenFile(path).filter(({ name }) => {
    if (!isActorName(name)) return true;
    log.error('a token of a reserved name lets nobody in', { name });
    return false;
  });
  return callers.map((entry) => before.find((one) => isSame(one.entry, entry)) ?? knownOf(entry));
}

function knownOf(entry: TokenEntry): Known {
  return {
    entry,
    hash: Buffer.from(entry.sha256, 'hex'),
    identity: {
      caller: entry.name,
      merchant: entry.merchant,
      named: true,
      credential: entry.sha256.slice(0, CREDENTIAL_DIGITS),
      tools: entry.tools && new Set(entry.tools),
      ...(entry.tools?.includes(METRICS) ? { metrics: true } : {}),
      ownOrdersOnly: entry.orders === 'own',
      ...(entry.policy === undefined ? {} : { token: readSections(entry.policy) }),
    },
  };
}

function isSame(a: TokenEntry, b: TokenEntry): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** Changes whenever the file is replaced or written. */
function stampOf(path: string): string {
  try {
    const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
    return stat === undefined ? NO_FILE : [stat.ino, stat.size, stat.mtimeNs, stat.ctimeNs].join(' ');
  } catch {
    // There, and held so that not even this can be seen.
    return 'unreadable';
  }
}

function hashOf(token: string): Buffer {
  return createHash('sha256').update(token, 'utf8').digest();
}

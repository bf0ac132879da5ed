import { merchantOf } from '../domain/merchant.ts';
import type { Log } from '../domain/ports.ts';
import type { Identity } from '../policy/identity.ts';
import { credentialOf } from './callers.ts';

type Holder = Identity | 'revoked' | 'unknown';

/**
 * Who of a merchant's callers has a token now, by a tokens file and the issuer that is trusted. `revoked`: nobody any more; `unknown`: this
 * process cannot tell. Only the service that takes tokens in knows that one is nobody's any more: another process on
 * its ledger may be looking into another file. Of an OAuth caller no more can be known than that its issuer is still
 * trusted: what it asked for while its token was good stands.
 */
export async function holdersIn(
  { tokensFile, oauth, merchant, merchants }: Setting,
  isService: boolean,
  log: Log,
): Promise<(credential: string) => Holder> {
  const holderOf = tokensFile === undefined ? undefined : await tokenHolders(tokensFile, log);
  const trusted = oauth && credentialOf(oauth.issuer);
  return (credential) => {
    if (credential === trusted) return { caller: trusted, ownOrdersOnly: true };
    if (credential.startsWith(credentialOf(''))) return isService ? 'revoked' : 'unknown';
    const holder = holderOf?.(credential);
    if (holder === 'unavailable' || holderOf === undefined) return 'unknown';
    const isHere = holder && merchantOf(holder, merchants.length > 0 ? merchants : [merchant]) === merchant;
    return isHere ? holder : isService ? 'revoked' : 'unknown';
  };
}

interface Setting {
  readonly tokensFile: string | undefined;
  readonly oauth: Issuer | undefined;
  /** Whose callers these are, and of how many. */
  readonly merchant: string;
  readonly merchants: readonly string[];
}

interface Issuer {
  readonly issuer: string;
}

/** undefined: the file cannot be read. */
async function tokenHolders(file: string, log: Log) {
  const { tokenCallers } = await import('./token-callers.ts');
  try {
    return tokenCallers(file, log).holderOf;
  } catch (error) {
    log.warn('tokens file', { error: error instanceof Error ? error.message : String(error) });
    return undefined;
  }
}

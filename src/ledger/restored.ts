import { beijingDate, DAY_MS } from '../domain/clock.ts';
import type { ProviderId } from '../domain/order.ts';

/** A ledger that was put back from a backup, which has forgotten what came after it. Instants in ms. */
export interface Restored {
  readonly at: number;
  /** Of the backup's last record. */
  readonly since: number;
  /** Whose orders it has, or was found to have forgotten. */
  readonly providers: readonly ProviderId[];
  /** Of `provider day`, how many differences were left when that day was last reconciled. */
  readonly reconciled: Readonly<Record<string, number>>;
}

/** A wallet's day that the backup has not seen to its end. */
export interface ForgottenDay {
  /** Undefined where the ledger knows of none: one of those that it collects with shows of the others. */
  readonly provider: ProviderId | undefined;
  /** `YYYY-MM-DD`, Asia/Shanghai. */
  readonly date: string;
  /** Differences that are left; undefined where it was not reconciled. */
  readonly open: number | undefined;
}

/** From the day of the backup's last record to that of the restoring, oldest first. */
export function forgottenDays({ at, since, providers, reconciled }: Restored): ForgottenDay[] {
  const days: ForgottenDay[] = [];
  for (let ms = since; beijingDate(ms) <= beijingDate(at); ms += DAY_MS) {
    const date = beijingDate(ms);
    if (providers.length === 0) days.push({ provider: undefined, date, open: openOf(reconciled, date) });
    days.push(
      ...providers.map((provider) => ({ provider, date, open: reconciled[dayName({ provider, date })] })),
    );
  }
  return days;
}

/** What is left of a day, of whichever wallet it was reconciled. */
function openOf(reconciled: Restored['reconciled'], date: string): number | undefined {
  const of = Object.entries(reconciled).filter(([day]) => day.endsWith(date));
  return of.length === 0 ? undefined : of.reduce((sum, [, open]) => sum + open, 0);
}

/** As persons and records call it. */
export function dayName({ provider, date }: Pick<ForgottenDay, 'provider' | 'date'>): string {
  return provider === undefined ? date : `${provider} ${date}`;
}

/** What a backup was itself restored from, and had not made up for, is still forgotten. */
export function forgottenAgain(before: Restored | undefined, now: Omit<Restored, 'reconciled'>): Restored {
  if (!before) return { ...now, reconciled: {} };
  const made = Object.entries(before.reconciled).filter(([day]) => day.slice(-10) < beijingDate(now.since));
  return { ...now, since: Math.min(before.since, now.since), reconciled: Object.fromEntries(made) };
}

/** What has to be made up for before money may move again. */
export interface Due {
  readonly restored: Restored;
  /** That were not reconciled, or not without differences. Of the day on which it was restored, the bill comes on the next. */
  readonly days: readonly ForgottenDay[];
  /** Whether something that was open in the backup has not been asked about since. */
  readonly unasked: boolean;
}

/** Those that are not reconciled, or not without differences. */
export function daysDue(restored: Restored): ForgottenDay[] {
  return forgottenDays(restored).filter(({ open }) => open !== 0);
}

/**
 * With how many differences a day was reconciled; as it was for one that the backup has not forgotten.
 * @param sold whether the bill has something of the ledger's: the wallet's other days are to be reconciled, too
 */
export function reconciledDay(
  restored: Restored,
  { provider, date, open }: ForgottenDay,
  sold = false,
): Restored {
  const { at, since, providers, reconciled } = restored;
  if (open === undefined || date < beijingDate(since) || date > beijingDate(at)) return restored;
  const isNew = sold && provider !== undefined && !providers.includes(provider);
  return {
    ...restored,
    providers: isNew ? [...providers, provider] : providers,
    reconciled: { ...reconciled, [dayName({ provider, date })]: open },
  };
}

/** Whether nothing is left of it to be made up for. */
export function isMadeUpFor(restored: Restored): boolean {
  return daysDue(restored).length === 0;
}

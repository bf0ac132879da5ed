import type { PaymentProvider } from '../../src/providers/contract.ts';

/** Closes at a gateway that can. */
export async function closeAt(
  provider: Pick<PaymentProvider, 'closeTrade'>,
  ...asked: Parameters<NonNullable<PaymentProvider['closeTrade']>>
): Promise<void> {
  if (!provider.closeTrade) throw new Error('this gateway closes no order');
  return provider.closeTrade(...asked);
}

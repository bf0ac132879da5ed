import type { Till } from '../payments/till.ts';
import { policyInForce } from '../policy/decisions.ts';

/** How a person can be asked about an approval. */
export type Means = { readonly mode: 'url'; readonly url: string } | { readonly mode: 'form' };

/** The page on which an operator decides about an approval, where one can be served. */
export type ApprovalUrl = (approvalId: string) => Promise<string | undefined>;

/** How long (ms) the page's address may take to be known. */
const ADDRESS_MS = 3_000;

/**
 * The best that the client has declared and the merchant allows: the operator's page, where signing in proves the
 * person; else a form, where its answer counts. undefined when nobody can be asked.
 * @param declared the client's capabilities, as it said them
 */
export async function meansOf(
  till: Till,
  declared: unknown,
  approvalId: string,
  approvalUrl: ApprovalUrl | undefined,
): Promise<Means | undefined> {
  const modes = declaredModes(declared);
  if (modes.url && approvalUrl) {
    const url = await within(till, ADDRESS_MS, approvalUrl(approvalId));
    if (url) return { mode: 'url', url };
  }
  if (!modes.form) return undefined;
  const { trustForms } = await till.ledger.read((book) => policyInForce(book, till.policy));
  return trustForms ? { mode: 'form' } : undefined;
}

/** undefined after `ms`, whatever becomes of it then. */
async function within<T>({ clock }: Till, ms: number, work: Promise<T>): Promise<T | undefined> {
  const over = new AbortController();
  const late = clock.sleep(ms, over.signal).then(() => undefined);
  try {
    return await Promise.race([work, late]);
  } finally {
    over.abort();
  }
}

/** `elicitation: {}` is from before there were modes, and means forms only. */
function declaredModes(declared: unknown): { readonly form: boolean; readonly url: boolean } {
  const { elicitation } = isObject(declared) ? declared : {};
  if (!isObject(elicitation)) return { form: false, url: false };
  const { form, url } = elicitation;
  return { form: isObject(form) || url === undefined, url: isObject(url) };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

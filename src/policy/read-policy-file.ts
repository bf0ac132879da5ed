import { DEFAULT_POLICY, type Policy } from './policy.ts';

/** What the policy file states, or the default without one. Throws CONFIGURATION naming the place that is wrong. */
export async function readPolicy(config: { readonly policyFile: string | undefined }): Promise<Policy> {
  const { policyFile: file } = config;
  if (file === undefined) return DEFAULT_POLICY;
  const { parsePolicy, textIn } = await import('./policy-file.ts');
  return parsePolicy(textIn({ setting: 'CASHIER_POLICY', file }), file);
}

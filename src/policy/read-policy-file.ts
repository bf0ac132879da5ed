import { CashierError, configuration } from '../domain/errors.ts';
import { readTextFile } from '../platform/text-file.ts';
import { DEFAULT_POLICY, type Policy } from './policy.ts';

/** What the policy file states, or the default without one. Throws CONFIGURATION naming the place that is wrong. */
export async function readPolicy(config: { readonly policyFile: string | undefined }): Promise<Policy> {
  const { policyFile: file } = config;
  if (file === undefined) return DEFAULT_POLICY;
  let text: string;
  try {
    text = readTextFile(file, 'CASHIER_POLICY');
  } catch (error) {
    if (error instanceof CashierError) throw error;
    throw configuration('CASHIER_POLICY', {
      zh: `CASHIER_POLICY：规则文件 ${file} 无法读取。`,
      en: `CASHIER_POLICY: the policy file ${file} cannot be read.`,
      next: { zh: '检查路径与读取权限。', en: 'Check the path and its permissions.' },
    });
  }
  const { parsePolicy } = await import('./policy-file.ts');
  return parsePolicy(text, file);
}

import { CfWorkerJsonSchemaValidator } from '@modelcontextprotocol/server/validators/cf-worker';
import type { ListedTool } from './catalogue.ts';

/** Arguments longer than this (characters of JSON) are for the upstream to judge. */
const MAX_JUDGED = 64 * 1024;
const MAX_TOLD = 200;

let validator: CfWorkerJsonSchemaValidator | undefined;

/**
 * Why an upstream would refuse these arguments, by the schema that it lists; undefined where it would not, or where
 * that cannot be told. Nobody is to pay for a call that can only fail.
 */
export function argumentProblem({ inputSchema }: ListedTool, args: unknown): string | undefined {
  if (typeof inputSchema !== 'object' || inputSchema === null) return undefined;
  if (JSON.stringify(args).length > MAX_JUDGED) return undefined;
  try {
    validator ??= new CfWorkerJsonSchemaValidator();
    const judged = validator.getValidator(inputSchema)(args);
    return judged.valid ? undefined : judged.errorMessage.slice(0, MAX_TOLD);
  } catch {
    return undefined;
  }
}

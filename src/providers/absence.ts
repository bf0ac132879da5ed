import { GatewayDeclined } from './contract.ts';

/** Whether the gateway has proven, by its signature, that what was asked for is not there. */
export function provesAbsence(error: unknown): boolean {
  return error instanceof GatewayDeclined && error.proven && error.reason === 'not-exist';
}

/** An answer; undefined where the gateway has proven that what was asked for is not there. */
export async function unlessAbsent<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (provesAbsence(error)) return undefined;
    throw error;
  }
}

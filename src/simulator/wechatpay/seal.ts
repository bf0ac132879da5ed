import { sealed } from '../v3/signing.ts';
import type { World } from '../world.ts';

/** AEAD_AES_256_GCM under the APIv3 key, as answers and notifications carry it. */
export function seal(world: World, text: string, associatedData: string): Record<string, string> {
  const { identity, randomBytes } = world;
  return { algorithm: 'AEAD_AES_256_GCM', ...sealed(randomBytes, identity.apiV3Key, text, associatedData) };
}

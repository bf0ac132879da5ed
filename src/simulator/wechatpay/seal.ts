import { createCipheriv } from 'node:crypto';
import type { World } from '../world.ts';

/** AEAD_AES_256_GCM under the APIv3 key; the tag is the end of the ciphertext. */
export function seal(world: World, text: string, associatedData: string): Record<string, string> {
  const nonce = world.randomBytes(6).toString('hex');
  const cipher = createCipheriv('aes-256-gcm', world.identity.apiV3Key, nonce);
  cipher.setAAD(Buffer.from(associatedData));
  const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]);
  return {
    algorithm: 'AEAD_AES_256_GCM',
    ciphertext: sealed.toString('base64'),
    associated_data: associatedData,
    nonce,
  };
}

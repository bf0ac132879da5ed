import type { Delivery } from '../state/deliveries.ts';
import type { Message, World } from '../world.ts';
import { toDo } from './to-do.ts';

/** How Newpay tells of a payment or a refund. */
export function newpayMessage(_world: World, _delivery: Delivery): Message {
  return toDo(
    'To do 9: the signed notification of a payment and of a refund, also forged, wrongAmount, wrongAccount',
  );
}

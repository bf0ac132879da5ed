import { EventEmitter, once } from 'node:events';

/** A step that others are told of, and that goes on when they let it. */
export function gate() {
  const told = new EventEmitter();
  const arrived = once(told, 'arrived');
  const opened = once(told, 'opened');
  return {
    arrived,
    open: () => told.emit('opened'),
    async pass() {
      told.emit('arrived');
      await opened;
    },
  };
}

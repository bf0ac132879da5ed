// Loaded into a server by --require: nothing there that takes five seconds ever ends by itself. What ends was ended.
const timers = require('node:timers/promises');

const endless = (ms) => (ms < 5_000 ? ms : 2 ** 31 - 1);
const { setTimeout: wait } = timers;
timers.setTimeout = (ms, ...rest) => wait(endless(ms), ...rest);
const { setTimeout: start } = globalThis;
globalThis.setTimeout = (run, ms, ...rest) => start(run, endless(ms ?? 0), ...rest);
const { timeout } = AbortSignal;
AbortSignal.timeout = (ms) => timeout.call(AbortSignal, endless(ms));

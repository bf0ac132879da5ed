// Loaded ahead of a server (`node --expose-gc --import`): on SIGUSR2 it frees what nobody needs any more and says on
// stderr what is left.
process.on('SIGUSR2', () => {
  // What only a finalizer frees is free after the second.
  globalThis.gc();
  setImmediate(() => {
    globalThis.gc();
    const { rss, heapUsed, external } = process.memoryUsage();
    process.stderr.write(`${JSON.stringify({ memory: { rss, heapUsed, external } })}\n`);
  });
});

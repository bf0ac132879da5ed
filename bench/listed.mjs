// A first `tools/list` over stdio.
import { spawn } from 'node:child_process';
import { cpuMsOf } from './processes.mjs';

/** A server that answers anything at once. */
export const NOTHING = `process.stdin.on('data', () => process.stdout.write('"id":2'))`;

/** From the start of a command to its answer: the time (ms), and what of a processor's it took itself (ms). */
export function listed(command, args, env) {
  return new Promise((resolve, reject) => {
    const startedAt = performance.now();
    const child = spawn(command, args, { env, stdio: ['pipe', 'pipe', 'ignore'] });
    let out = '';
    child.on('error', reject);
    child.on('exit', (code) => reject(new Error(`${command} ${args.join(' ')} ended with ${code}`)));
    child.stdout.on('data', (chunk) => {
      out += chunk;
      if (!out.includes('"id":2')) return;
      const taken = { ms: performance.now() - startedAt, cpuMs: cpuMsOf(child.pid) };
      child.removeAllListeners('exit');
      child.once('exit', () => resolve(taken));
      child.stdin.end();
    });
    const send = (message) => child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
    send({
      id: 1,
      method: 'initialize',
      params: {
        protocolVersion: '2025-11-25',
        capabilities: {},
        clientInfo: { name: 'bench', version: '1' },
      },
    });
    send({ method: 'notifications/initialized' });
    send({ id: 2, method: 'tools/list' });
  });
}

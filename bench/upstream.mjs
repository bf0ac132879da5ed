// An API as somebody may have one (`api`), and a bare reverse proxy of Node before it (`proxy PORT`), each a process.
import { Agent, createServer, request } from 'node:http';

const [what, upstream] = process.argv.slice(2);
const SMALL = Buffer.from(JSON.stringify({ weather: 'sunny', degrees: 21 }));
const CHUNK = Buffer.alloc(64 * 1024, 'x');

function api(asked, answer) {
  const bytes = Number(new URL(asked.url, 'http://x').searchParams.get('bytes') ?? 0);
  if (bytes === 0) {
    answer.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': SMALL.length });
    return answer.end(SMALL);
  }
  let left = bytes;
  const more = () => {
    while (left > 0) {
      left -= CHUNK.length;
      if (!answer.write(CHUNK)) return answer.once('drain', more);
    }
    answer.end();
  };
  more();
}

const agent = new Agent({ keepAlive: true, scheduling: 'lifo' });
function proxy({ method, url, headers, ...asked }, answer, from) {
  const asking = request(
    { host: '127.0.0.1', port: upstream, method, path: url, headers, agent },
    (incoming) => {
      answer.writeHead(incoming.statusCode, incoming.headers);
      incoming.pipe(answer);
    },
  );
  asking.on('error', () => answer.destroy());
  from.pipe(asking);
  return asked;
}

const server = createServer((asked, answer) =>
  what === 'proxy' ? proxy(asked, answer, asked) : api(asked, answer),
);
server.listen(0, '127.0.0.1', () => process.stdout.write(`${server.address().port}\n`));
process.once('SIGTERM', () => process.exit(0));

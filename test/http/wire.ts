import { connect } from 'node:net';

export interface Answer {
  /** undefined: the connection ended without one. */
  readonly status: number | undefined;
  readonly headers: string;
  readonly body: string;
}

/**
 * Sends exactly these bytes and reads until the server ends the connection, which every request here asks for. With
 * `trickle` the rest follows byte by byte, one in every so many ms; with `hangUp` nothing follows and we leave.
 */
export function send(
  port: number,
  bytes: string | Buffer,
  options: { readonly trickle?: number; readonly hangUp?: boolean } = {},
): Promise<Answer> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: false });
    const chunks: Buffer[] = [];
    let timer: NodeJS.Timeout | undefined;
    socket.on('connect', () => {
      socket.write(bytes);
      if (options.trickle !== undefined) timer = setInterval(() => socket.write('a'), options.trickle);
      if (options.hangUp) socket.end();
    });
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearInterval(timer);
      resolve(read(Buffer.concat(chunks).toString('utf8')));
    });
  });
}

function read(text: string): Answer {
  const [headers = '', ...body] = text.split('\r\n\r\n');
  const status = /^HTTP\/1\.1 (\d{3})/.exec(headers)?.[1];
  return { status: status === undefined ? undefined : Number(status), headers, body: body.join('\r\n\r\n') };
}

/** A request as bytes. A header whose value is undefined is left out; a list is sent as several. */
export function request(
  line: string,
  headers: Readonly<Record<string, string | readonly string[] | undefined>>,
  body: string | Buffer = '',
): Buffer {
  const lines = Object.entries(headers).flatMap(([name, value]) =>
    value === undefined ? [] : [value].flat().map((one) => `${name}: ${one}`),
  );
  return Buffer.concat([
    Buffer.from(`${[line, ...lines].join('\r\n')}\r\n\r\n`, 'latin1'),
    Buffer.from(body),
  ]);
}

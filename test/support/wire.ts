import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** What stands between a store and its server, and can come between them. */
export class Wire {
  readonly #target: URL;
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;
  /** Nobody gets through. */
  isDown = false;
  /** How often somebody did not. */
  refused = 0;
  /** What becomes of the next commit: its answer, or it itself, does not come through; `kept` without a word. */
  next: 'whole' | 'answer lost' | 'answer kept' | 'commit lost' = 'whole';
  /** Nor does anybody get through after that. */
  isDownThen = false;

  constructor(url: string) {
    this.#target = new URL(url);
  }

  /** Its own address. */
  async start(): Promise<string> {
    this.#server ??= await this.#listen();
    const url = new URL(this.#target);
    url.port = String((this.#server.address() as AddressInfo).port);
    return url.href;
  }

  async #listen(): Promise<Server> {
    const server = createServer((near) => {
      if (this.isDown) {
        this.refused += 1;
        return near.destroy();
      }
      const far = connect(Number(this.#target.port), this.#target.hostname);
      for (const socket of [near, far]) {
        this.#sockets.add(socket);
        socket.on('error', () => undefined).on('close', () => this.#cut(near, far));
      }
      let isSilent = false;
      near.on('data', (data) => {
        if (this.next === 'whole' || !data.includes('; COMMIT')) return far.write(data);
        if (this.next === 'commit lost') return this.#lose(near, far);
        isSilent = true;
        far.write(data);
      });
      far.on('data', (data) => {
        if (!isSilent) near.write(data);
        else if (this.next === 'answer lost') this.#lose(near, far);
        else this.next = 'whole';
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return server;
  }

  #lose(...sockets: Socket[]): void {
    this.next = 'whole';
    this.isDown = this.isDownThen;
    this.#cut(...sockets);
  }

  #cut(...sockets: Socket[]): void {
    for (const socket of sockets) socket.destroy();
  }

  /** Who has got through hears nothing more, and is heard by nobody. */
  silence(): void {
    for (const socket of this.#sockets) socket.removeAllListeners('data').resume();
  }

  down(): void {
    this.isDown = true;
    this.#cut(...this.#sockets);
  }

  stop(): void {
    this.#cut(...this.#sockets);
    this.#server?.close();
  }
}

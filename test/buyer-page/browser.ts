import { runInNewContext } from 'node:vm';
import { type SamplePage, TOKEN } from './sample.ts';

/** As much of an element as the page's script touches. */
class Part {
  textContent = '';
  hidden = true;
}

/** The order's section as a browser would parse it from a page's HTML. */
class Section {
  readonly dataset: Record<string, string> = {};
  readonly label: string;
  readonly parts = new Map<string, Part>();
  readonly swap: (next: Section) => void;

  constructor(html: string, swap: (next: Section) => void) {
    const tag = /<section id="order"[^>]*>/.exec(html)?.[0] ?? '';
    for (const [, name = '', value = ''] of tag.matchAll(/data-([a-z-]+)="([^"]*)"/g)) {
      this.dataset[name.replace(/-(.)/, (_, letter: string) => letter.toUpperCase())] = value;
    }
    this.label = /aria-label="([^"]*)"/.exec(tag)?.[1] ?? '';
    for (const name of ['data-countdown', 'data-pay', 'data-left', 'data-over', 'data-copy']) {
      if (new RegExp(`<\\w+ [^>]*${name}[ >]`).test(html)) this.parts.set(`[${name}]`, new Part());
    }
    this.swap = swap;
  }

  querySelector(selector: string): (Part & { remove(): void }) | null {
    const part = this.parts.get(selector);
    return part ? Object.assign(part, { remove: () => this.parts.delete(selector) }) : null;
  }

  querySelectorAll(selectors: string): (Part & { remove(): void })[] {
    return selectors.split(',').flatMap((selector) => this.querySelector(selector) ?? []);
  }

  getAttribute(): string {
    return this.label;
  }

  contains(): boolean {
    return false;
  }

  replaceWith(next: Section): void {
    this.swap(next);
  }
}

interface Timer {
  at: number;
  readonly every?: number;
  readonly run: () => void;
}

/**
 * A browser small enough to read: it runs the script of the served page against the real routes. Its time is the
 * sample's, moved by `advance`; nothing waits for real.
 */
export class Browser {
  readonly requests: string[] = [];
  reloads = 0;
  online = true;
  failPages = false;
  title = '';
  hidden = false;
  section!: Section;
  readonly announce = new Part();
  readonly offline = new Part();
  readonly sample: SamplePage;
  readonly #timers = new Map<number, Timer>();
  readonly #pending = new Set<Promise<unknown>>();
  readonly #listeners = new Map<string, (event: { persisted: boolean }) => void>();
  #nextTimer = 1;

  private constructor(sample: SamplePage) {
    this.sample = sample;
  }

  /** Opens the sample's page and runs its script. */
  static async open(sample: SamplePage): Promise<Browser> {
    const browser = new Browser(sample);
    const page = await sample.page();
    browser.#show(page);
    runInNewContext(/<script>([\s\S]*)<\/script>/.exec(page)?.[1] ?? '', browser.#globals());
    await browser.#settle();
    return browser;
  }

  /** Lets `ms` pass, running every timer that falls due and every answer it leads to. */
  async advance(ms: number): Promise<void> {
    const end = this.sample.now + ms;
    for (;;) {
      const [id, next] = [...this.#timers].sort((a, b) => a[1].at - b[1].at)[0] ?? [0, undefined];
      if (!next || next.at > end) break;
      this.sample.now = Math.max(this.sample.now, next.at);
      if (next.every) next.at += next.every;
      else this.#timers.delete(id);
      next.run();
      await this.#settle();
    }
    this.sample.now = end;
  }

  async fire(type: string): Promise<void> {
    this.#listeners.get(type)?.({ persisted: true });
    await this.#settle();
  }

  get countdown(): string | undefined {
    return this.section.parts.get('[data-countdown]')?.textContent;
  }

  get payable(): boolean {
    return this.section.parts.has('[data-pay]');
  }

  #show(html: string): void {
    this.title = titleOf(html);
    this.section = this.#parse(html);
  }

  #parse(html: string): Section {
    return new Section(html, (next) => {
      this.section = next;
    });
  }

  async #fetch(path: string): Promise<Response> {
    this.requests.push(path);
    if (!this.online || (this.failPages && !path.endsWith('/state'))) throw new TypeError('Failed to fetch');
    return this.sample.routes.request(path);
  }

  async #settle(): Promise<void> {
    do {
      await Promise.allSettled([...this.#pending]);
      await new Promise((resolve) => setImmediate(resolve));
    } while (this.#pending.size > 0);
  }

  #track<T>(work: Promise<T>): Promise<T> {
    this.#pending.add(work);
    const done = () => this.#pending.delete(work);
    work.then(done, done);
    return work;
  }

  #timer(run: () => void, ms: number, every?: number): number {
    this.#timers.set(this.#nextTimer, { at: this.sample.now + ms, run, ...(every ? { every } : {}) });
    return this.#nextTimer++;
  }

  #globals(): Record<string, unknown> {
    const browser = this;
    const listen = (type: string, run: () => void) => this.#listeners.set(type, run);
    const known: Record<string, () => unknown> = {
      announce: () => this.announce,
      offline: () => this.offline,
      order: () => this.section,
    };
    return {
      AbortSignal,
      location: { pathname: `/c/${TOKEN}`, search: '', reload: () => (this.reloads += 1) },
      performance: { now: () => this.sample.now },
      addEventListener: listen,
      setTimeout: (run: () => void, ms: number) => this.#timer(run, ms),
      setInterval: (run: () => void, ms: number) => this.#timer(run, ms, ms),
      clearTimeout: (id: number) => this.#timers.delete(id),
      fetch: (path: string) => this.#track(this.#fetch(path)),
      DOMParser: class {
        parseFromString(html: string): object {
          return { title: titleOf(html), getElementById: () => browser.#parse(html) };
        }
      },
      document: {
        activeElement: null,
        addEventListener: listen,
        getElementById: (id: string) => known[id]?.() ?? null,
        get hidden() {
          return browser.hidden;
        },
        set title(title: string) {
          browser.title = title;
        },
      },
    };
  }
}

function titleOf(html: string): string {
  return /<title>([^<]*)/.exec(html)?.[1] ?? '';
}

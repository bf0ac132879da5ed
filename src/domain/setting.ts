/** One variable of the environment, as people are told of it. */
export interface Setting {
  readonly name: string;
  readonly en: string;
  readonly zh: string;
  /** What holds when it is not set. */
  readonly absent?: string | { readonly en: string; readonly zh: string };
  /** Must never be seen; may also come from a file, by `…_FILE`. */
  readonly secret?: true;
  /** One of those of which any, when set, makes a real merchant of this configuration. */
  readonly credential?: true;
  /** A key as people paste it: read with whatever stands around it. */
  readonly key?: 'private' | 'public';
  readonly choices?: readonly string[];
  /** What a value looks like; for a secret the file that it may lie in. */
  readonly example?: string;
  /** Stands in the first configuration that is written for somebody. */
  readonly first?: true;
  /** Is asked for by registries: as a path, or, where it has a label, by the forms of clients too. */
  readonly asked?: true | string;
}

/** Names by which the record tells who acts where no caller does: nobody who calls may pass for one of them. */
export const ACTORS = [
  'operator',
  'settler',
  'gateway',
  'system',
  'unknown',
  'unrecorded',
  'deliverer',
  'pay-back',
] as const;
/** One of them, or a person by name. */
export type ActorName = (typeof ACTORS)[number] | `operator:${string}`;

/** Letters of other scripts, and digits, that are read as these. */
const LOOK_ALIKES: Readonly<Record<string, string>> = {
  ...{
    '0': 'o',
    '1': 'l',
    '3': 'e',
    '4': 'a',
    '5': 's',
    '7': 't',
    '|': 'l',
    '!': 'l',
    $: 's',
    '@': 'a',
    i: 'l',
  },
  ...{
    а: 'a',
    е: 'e',
    о: 'o',
    р: 'p',
    с: 'c',
    т: 't',
    у: 'y',
    к: 'k',
    м: 'm',
    н: 'n',
    п: 'n',
    і: 'l',
    ѕ: 's',
  },
  ...{ ԁ: 'd', ԝ: 'w', ѡ: 'w', г: 'r', ѵ: 'v', ӏ: 'l', ү: 'y' },
  ...{ α: 'a', ο: 'o', ρ: 'p', τ: 't', ε: 'e', κ: 'k', ι: 'l', υ: 'u', η: 'n', ω: 'w', γ: 'y' },
  ...{ ı: 'l', ʟ: 'l', ɡ: 'g', ɑ: 'a', ᴏ: 'o', ꜱ: 's' },
};
const RESERVED: ReadonlySet<string> = new Set(ACTORS.map(skeleton));

/** What is read as the colon between `operator` and a name. */
const COLONS = /[:\u02d0\u02f8\u05c3\u0589\u1365\u205a\u2236\ua789\ufe13\ufe55\uff1a]/u;

/** Whether a name is one of our own actors', or a person's as `operator:NAME`, or is read as one. */
export function isActorName(name: string): boolean {
  const [first = ''] = name.split(COLONS);
  return RESERVED.has(skeleton(name)) || (first !== name && skeleton(first) === 'operator');
}

/** What is left of a name without case, accents, what separates and what nobody sees, and with each letter as it looks. */
function skeleton(name: string): string {
  const letters = name
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[\p{M}\p{C}\p{Z}\p{Pd}\p{Pc}\p{DI}\u2800.·'"`~^*]/gu, '');
  return [...letters]
    .map((letter) => LOOK_ALIKES[letter] ?? letter)
    .join('')
    .replaceAll('vv', 'w')
    .replaceAll('rn', 'm');
}

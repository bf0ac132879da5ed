/** What acts on a terminal instead of being shown: controls but for tab and line feed, and what turns the direction of writing. */
export const ACTING =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** Text for a terminal in which paths, names and words of strangers may stand: with `?` for whatever would act on it. */
export function disarmed(text: string): string {
  return text.replace(ACTING, '?');
}

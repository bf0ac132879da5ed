/**
 * The address as it may stand in an `href`: byte for byte the one given, and only when it is plain http(s).
 * Everything else (`javascript:`, `data:`, blanks and controls that a browser would skip) is no link at all.
 */
export function webLink(address: string | undefined): string | undefined {
  if (address === undefined || !/^https?:\/\/[!-~]+$/i.test(address)) return undefined;
  return URL.canParse(address) ? address : undefined;
}

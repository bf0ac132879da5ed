export function sdkPackages(): Promise<
  readonly { readonly name: string; readonly version: string; readonly licence: string }[]
>;

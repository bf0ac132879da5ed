/** What `init` can be asked for; apart from the clients themselves, so that help needs not load them. */
export const CLIENT_IDS = [
  'cursor',
  'cline',
  'claude',
  'claude-code',
  'vscode',
  'codex',
  'gemini',
  'qwen',
  'opencode',
  'windsurf',
  'copilot',
  'trae',
  'cherry',
  'json',
] as const;
export type ClientId = (typeof CLIENT_IDS)[number];

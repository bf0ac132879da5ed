import {
  CLIENT_CAPABILITIES_META_KEY,
  CLIENT_INFO_META_KEY,
  type McpRequestContext,
  PROTOCOL_VERSION_META_KEY,
  type ServerContext,
} from '@modelcontextprotocol/server';
import { isActorName } from '../domain/actors.ts';
import { showsApps } from '../mcp-apps/apps.ts';
import type { Connection } from '../protocol/offer.ts';

const MAX_CLIENT_NAME = 64;

/** Who is at the other end, in its own words: said once at the start, or since 2026-07-28 with every request. */
export interface Client {
  readonly era: McpRequestContext['era'];
  readonly name: string | undefined;
  readonly declared: unknown;
  /** It shows views beside the conversation. */
  readonly showsApps: boolean;
  /** Of the protocol, where it is known. */
  readonly revision: string | undefined;
}

export function clientOf(connection: Connection, ctx: ServerContext, era: Client['era']): Client {
  const envelope: Readonly<Record<string, unknown>> = ctx.mcpReq.envelope ?? {};
  const legacy = era === 'legacy';
  const info = legacy ? connection.getClientVersion() : envelope[CLIENT_INFO_META_KEY];
  const given = typeof info === 'object' && info !== null && 'name' in info ? info.name : undefined;
  const name = typeof given === 'string' ? given.trim().slice(0, MAX_CLIENT_NAME).trimEnd() : undefined;
  // Over stateless HTTP a 2025 client has told another server, and nothing is known.
  const declared = legacy ? connection.getClientCapabilities() : envelope[CLIENT_CAPABILITIES_META_KEY];
  return {
    era,
    // A program that calls itself as one of our own actors has said nothing of itself.
    name: name !== undefined && isActorName(name) ? undefined : name,
    revision: legacy
      ? connection.getNegotiatedProtocolVersion()
      : String(envelope[PROTOCOL_VERSION_META_KEY]),
    declared,
    showsApps: showsApps(declared) || ctx.http?.authInfo?.extra?.showsApps === true,
  };
}

import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { InMemoryTransport } from '@modelcontextprotocol/sdk/inMemory.js';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { tool } from 'ai';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { z } from 'zod';
import { guardFreeze } from '../freeze/guard-freeze.ts';
import type { CallFacts } from '../hooks.ts';
import { guardLimits } from '../limits/guard-limits.ts';
import { asTenant } from '../modes.ts';
import { withRequest } from '../scope.ts';
import { eventsOf } from '../testing/events.ts';
import { guardTools } from './ai.ts';
import type { ToolHooks } from './before.ts';
import { guardMcp } from './mcp.ts';

const acme = { user: 'ada', tenant: 'acme' };
const refusal = /^The limit 'list' is used up\.$/;

/** What both kinds of tools are tried with: runs `list` for a tenant, and counts how often it really ran. */
interface Tried {
  readonly call: () => Promise<unknown>;
  readonly ran: () => number;
}

function ofAiSdk(hooks: ToolHooks): Tried {
  let ran = 0;
  const list = tool({ inputSchema: z.object({}), execute: async () => Promise.resolve((ran += 1)) });
  return {
    call: () =>
      asTenant(acme, () => guardTools({ list }, hooks).list.execute({}, { toolCallId: '1', messages: [] })).catch(
        (error: unknown) => (error instanceof Error ? error.message : error),
      ),
    ran: () => ran,
  };
}

function ofMcp(hooks: ToolHooks): Tried {
  let ran = 0;
  const server = guardMcp(new McpServer({ name: 'test', version: '1.0.0' }), { ...hooks, caller: () => acme });
  server.registerTool('list', {}, async () => {
    ran += 1;
    return Promise.resolve({ content: [] });
  });
  const [left, right] = InMemoryTransport.createLinkedPair();
  const client = new Client({ name: 'test', version: '1.0.0' });
  const connected = server.connect(left).then(() => client.connect(right));
  return {
    call: async () => {
      await connected;
      const result = await client.callTool({ name: 'list', arguments: {} });
      const [part] = result.content as { readonly text: string }[];
      return result.isError === true ? part?.text : result;
    },
    ran: () => ran,
  };
}

describe.each([
  ['the AI SDK', ofAiSdk],
  ['MCP', ofMcp],
])('a tool of %s', (_name, made) => {
  test('runs while its limit lasts, and not after', async () => {
    const rule = { user: { points: 2, seconds: 60 }, onStoreError: 'deny' } as const;
    const limits = guardLimits({ store: { kind: 'memory' }, hashKey: 'k'.repeat(32), rules: { list: rule } });
    const { call, ran } = made({ before: [limits.before] });
    await call();
    await call();
    const events = await eventsOf(async () => expect(await call()).toMatch(refusal));
    expect(ran()).toBe(2);
    expect(events).toMatchObject([{ type: 'excessive_use', outcome: 'denied', action: 'list' }]);
  });

  test.each([
    ['writes', {}, false],
    ['writes', { list: 'list' }, true],
    ['lists', { list: 'list' }, false],
    ['name:list', { list: 'read' }, false],
    ['name:other', {}, true],
  ] as const)('meets a freeze of %s, being declared as %j', async (target, kinds, runs) => {
    vi.stubEnv('DRYDOCK_FREEZE', target);
    onTestFinished(() => void vi.unstubAllEnvs());
    const { before } = guardFreeze({ source: { kind: 'env' }, start: 'open' });
    const { call, ran } = made({ before: [before], kinds });
    const answer = await call();
    expect([ran(), /is frozen/.test(String(answer))]).toEqual(runs ? [1, false] : [0, true]);
  });

  test('does not run where a hook fails, and the model reads nothing of why', async () => {
    const { call, ran } = made({ before: [() => Promise.reject(new Error('no route to 10.0.0.7'))] });
    expect(await call()).toBe('The tool failed.');
    expect(ran()).toBe(0);
  });
});

test('hooks know the caller of a tool as those of a route do', async () => {
  const seen: CallFacts[] = [];
  const hook = async (facts: CallFacts): Promise<void> => Promise.resolve(void seen.push(facts));
  await withRequest({ address: '192.0.2.7' }, () => ofAiSdk({ before: [hook] }).call());
  expect(seen).toEqual([{ name: 'list', kind: 'write', ...acme, address: '192.0.2.7' }]);
});

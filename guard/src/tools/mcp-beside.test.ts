import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { InMemoryTransport } from '@modelcontextprotocol/sdk/inMemory.js';
import { McpServer, ResourceTemplate } from '@modelcontextprotocol/sdk/server/mcp.js';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { GuardError } from '../errors.ts';
import { currentScope, tenantOf } from '../scope.ts';
import { guardMcp } from './mcp.ts';
import type { GuardMcpOptions } from './mcp.ts';

const caller = (): { user: string; tenant: string } => ({ user: 'ada', tenant: 'acme' });
const tripwire = { columns: ['tenantId'] };
const foreign = { id: 1, tenantId: 'borealis' };

const tenantNow = (): string => {
  const scope = currentScope();
  return (scope && tenantOf(scope)) ?? 'nobody';
};

async function connected(
  options: GuardMcpOptions,
  register: (server: McpServer) => void,
): Promise<{ readonly client: Client; readonly told: unknown[] }> {
  const capabilities = { logging: {} };
  const server = guardMcp(new McpServer({ name: 'test', version: '1.0.0' }, { capabilities }), options);
  register(server);
  const [left, right] = InMemoryTransport.createLinkedPair();
  await server.connect(left);
  const client = new Client({ name: 'test', version: '1.0.0' });
  const told: unknown[] = [];
  client.fallbackNotificationHandler = async notification => void told.push(notification);
  await client.connect(right);
  return { client, told };
}

const failureOf = async (work: Promise<unknown>): Promise<string> =>
  work.then(
    value => JSON.stringify(value),
    (error: Error) => error.message,
  );

const json = (uri: URL, value: unknown): { uri: string; text: string } => ({
  uri: uri.href,
  text: JSON.stringify(value),
});

describe('a resource of an MCP server', () => {
  const read = async (options: GuardMcpOptions, value: () => unknown): Promise<string> => {
    const { client } = await connected(options, server =>
      server.registerResource('notes', 'app://notes', {}, async uri => ({ contents: [json(uri, value())] })),
    );
    return failureOf(client.readResource({ uri: 'app://notes' }));
  };

  test('is read in the scope of its caller, and gives what may leave in its own form', async () => {
    const value = (): unknown => [{ id: tenantNow(), secret: 'hunter2' }];
    expect(JSON.parse(await read({ caller, output: { notes: ['id'] } }, value))).toEqual({
      contents: [{ uri: 'app://notes', text: '[{"id":"acme"}]' }],
    });
  });

  test('is not read for nobody, nor where another tenant’s id is in it', async () => {
    expect(await read({ caller: () => undefined }, () => [])).toContain('nobody that is known');
    expect(await read({ caller, tripwire }, () => [foreign])).not.toContain('borealis');
  });

  test('asks the hooks as a read, and tells nothing of what went wrong', async () => {
    const kinds: unknown[] = [];
    const before = [async (facts: object) => void kinds.push(facts)];
    const broken = (): never => {
      throw new Error('duplicate key (email)=(ada@example.com)');
    };
    expect(await read({ caller, before }, broken)).toContain('The tool failed.');
    expect(kinds).toMatchObject([{ name: 'notes', kind: 'read', tenant: 'acme' }]);
  });

  test('of a template is listed and read in the scope, and names no tenant in its URI', async () => {
    const { client } = await connected({ caller }, server => {
      const list = async (): Promise<{ resources: { name: string; uri: string }[] }> => ({
        resources: [{ name: tenantNow(), uri: 'app://note/1' }],
      });
      server.registerResource('note', new ResourceTemplate('app://note/{id}', { list }), {}, async (uri, { id }) => ({
        contents: [json(uri, [tenantNow(), id])],
      }));
      const other = new ResourceTemplate('app://{tenantId}/note/{id}', { list: undefined });
      expect(() => server.registerResource('other', other, {}, async () => ({ contents: [] }))).toThrow(
        'names a tenant',
      );
    });
    expect((await client.listResources()).resources).toMatchObject([{ name: 'acme' }]);
    expect((await client.readResource({ uri: 'app://note/7' })).contents).toMatchObject([{ text: '["acme","7"]' }]);
    const named = client.readResource({ uri: 'app://note/7?team_id=borealis' });
    expect(await failureOf(named)).toContain('only the scope may fill');
  });
});

describe('a prompt of an MCP server', () => {
  const summary = (server: McpServer): void => {
    server.registerPrompt(
      'summary',
      { argsSchema: { tenantId: z.string(), tone: z.string() } },
      ({ tenantId, tone }: { tenantId: string; tone: string }) => ({
        messages: [{ role: 'user', content: { type: 'text', text: `${tenantId}, ${tone}, ${tenantNow()}` } }],
      }),
    );
  };

  test('gets the tenant of its caller, whom nobody can name', async () => {
    const { client } = await connected({ caller }, summary);
    expect((await client.listPrompts()).prompts[0]?.arguments?.map(({ name }) => name)).toEqual(['tone']);
    const { messages } = await client.getPrompt({ name: 'summary', arguments: { tone: 'dry' } });
    expect(messages).toMatchObject([{ content: { text: 'acme, dry, acme' } }]);
    const named = client.getPrompt({ name: 'summary', arguments: { tone: 'dry', tenantId: 'borealis' } });
    expect(await failureOf(named)).toContain('only the scope may fill');
  });

  test('keeps back a document with another tenant’s id', async () => {
    const { client } = await connected({ caller, tripwire }, server => {
      server.registerPrompt('note', {}, () => ({
        messages: [{ role: 'user', content: { type: 'resource', resource: json(new URL('app://note'), foreign) } }],
      }));
    });
    expect(await failureOf(client.getPrompt({ name: 'note' }))).not.toContain('borealis');
  });
});

describe('a tool of an MCP server', () => {
  test.each([
    { type: 'resource', resource: { uri: 'app://note', text: JSON.stringify(foreign) } },
    { type: 'resource_link', uri: 'app://note', name: 'note', _meta: foreign },
  ] as const)('keeps back another tenant’s id in %j', async part => {
    const { client } = await connected({ caller, tripwire }, server => {
      server.registerTool('read', {}, async () => ({ content: [part] }));
    });
    const result = await client.callTool({ name: 'read', arguments: {} });
    expect([result.isError, JSON.stringify(result).includes('borealis')]).toEqual([true, false]);
  });

  test('tells on its way nothing with another tenant’s id', async () => {
    const { client, told } = await connected({ caller, tripwire }, server => {
      server.registerTool('read', {}, async ({ sendNotification }) => {
        await sendNotification({ method: 'notifications/message', params: { level: 'info', data: { id: 1 } } });
        await sendNotification({ method: 'notifications/message', params: { level: 'info', data: [foreign] } });
        return { content: [] };
      });
    });
    const result = await client.callTool({ name: 'read', arguments: {} });
    expect([result.isError, told]).toMatchObject([true, [{ params: { data: { id: 1 } } }]]);
  });

  test('tells nothing of what went wrong in finding its caller', async () => {
    const broken = (): never => {
      throw new Error('no such session: ada@example.com');
    };
    const frozen = (): never => {
      throw new GuardError('frozen', 'All is frozen.');
    };
    const call = async (asked: () => never): Promise<string> => {
      const { client } = await connected({ caller: asked }, server => {
        server.registerTool('read', {}, async () => ({ content: [] }));
      });
      return failureOf(client.callTool({ name: 'read', arguments: {} }));
    };
    expect(await call(broken)).toContain('Who calls an MCP server cannot be found out.');
    expect(await call(frozen)).toContain('All is frozen.');
  });

  test('names no tenant in a list or in JSON that is sent as text', async () => {
    const ran: unknown[] = [];
    const { client } = await connected({ caller }, server => {
      const inputSchema = { tenantIds: z.array(z.string()), filter: z.string() };
      server.registerTool('search', { inputSchema }, async input => {
        ran.push(input);
        return { content: [] };
      });
    });
    const [shown] = (await client.listTools()).tools;
    expect(Object.keys(shown?.inputSchema.properties ?? {})).toEqual(['filter']);
    await client.callTool({ name: 'search', arguments: { filter: '{"open":true}' } });
    expect(ran).toEqual([{ tenantIds: ['acme'], filter: '{"open":true}' }]);
    for (const sent of [{ filter: '[{"orgId":"borealis"}]' }, { filter: '', 'tenant ids': ['borealis'] }])
      // oxlint-disable-next-line no-await-in-loop -- one server answers one after the other
      expect(await failureOf(client.callTool({ name: 'search', arguments: sent }))).toContain(
        'only the scope may fill',
      );
  });

  test('is registered in no way that goes past the guard', () => {
    const server = guardMcp(new McpServer({ name: 'test', version: '1.0.0' }));
    expect(() => server.experimental.tasks).toThrow('tasks are not guarded');
    expect(() => server.resource('old', 'app://old', async () => ({ contents: [] }))).toThrow("'registerResource'");
    expect(() => server.prompt('old', () => ({ messages: [] }))).toThrow("'registerPrompt'");
    const kept = server.registerResource('kept', 'app://kept', {}, async () => ({ contents: [] }));
    expect(() => kept.update({ callback: async () => ({ contents: [] }) })).toThrow('keeps its handler');
  });
});

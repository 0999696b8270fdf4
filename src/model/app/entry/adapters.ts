import { turns, type EntryAdapter, type Runnable } from './adapter.ts';
import type { Handler, Machine } from '../machine.ts';
import { aiSdk } from './ai-sdk/index.ts';
import { express } from './express/index.ts';
import { fastify } from './fastify/index.ts';
import { graphql } from './graphql/index.ts';
import { hono } from './hono/index.ts';
import { koa } from './koa/index.ts';
import { jobs } from './jobs/index.ts';
import { mcp } from './mcp/index.ts';
import { modelTools } from './model-tools/index.ts';
import { nest } from './nest/index.ts';
import { next } from './next/index.ts';
import { orpc } from './orpc/index.ts';
import { ownTools } from './own-tools/index.ts';
import { remix } from './remix/index.ts';
import { trpc } from './trpc/index.ts';
import { tsRest } from './ts-rest/index.ts';
import { typeGraphql } from './type-graphql/index.ts';
import { webhooks } from './webhooks/index.ts';
import { zsa } from './zsa/index.ts';

/** Every adapter, in the order in which those of the same turn run. */
const adapters: readonly EntryAdapter[] = [
  next,
  aiSdk,
  hono,
  express,
  koa,
  fastify,
  nest,
  remix,
  trpc,
  orpc,
  typeGraphql,
  graphql,
  jobs,
  mcp,
  modelTools,
  ownTools,
  webhooks,
  tsRest,
  zsa,
];

/** What the libraries of all adapters mean. */
export const adapterHandlers: Readonly<Record<string, Handler>> = Object.fromEntries(
  adapters.flatMap(adapter => Object.entries(adapter.handlers ?? {})),
);

/** Everything in the sources that can be run, in the order in which it is. */
export function findRunnables(machine: Machine): readonly Runnable[] {
  const found = adapters.flatMap(adapter => adapter.find?.(machine) ?? []);
  return found.toSorted((left, right) => turns.indexOf(left.turn) - turns.indexOf(right.turn));
}

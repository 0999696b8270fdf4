import { argument, field, type ServiceSink } from './service.ts';

const reads = /\.(?:get|mget|hget|hgetall|hmget|getdel|getex|lrange|smembers|zrange|json\.get)$/;

function cache(library: string): ServiceSink {
  const sink = { callee: reads, table: 'redis.cached_value', operation: 'read' } as const;
  return { library, ...sink, chosenBy: [argument(0, 'key')], answers: 'one', nothing: 'null', keepsSessions: true };
}

const assistants = 'openai.assistant_object';

/** Caches that several tenants share (only what they answer with counts: a write by anybody's key harms nobody). */
export const cacheSinks: readonly ServiceSink[] = ['@upstash/redis', 'ioredis', 'redis', '@vercel/kv'].map(cache);

/** Providers of models keep files, threads and answers of all tenants under one key of the app. */
export const assistantSinks: readonly ServiceSink[] = [
  {
    library: 'openai',
    callee: /\.(?:files|vectorStores|responses|conversations|threads|runs|messages)\.(?:retrieve|content|list|poll)$/,
    table: assistants,
    operation: 'read',
    chosenBy: [argument(0)],
    answers: 'one',
  },
  {
    library: 'openai',
    callee: /\.(?:files|vectorStores|responses|conversations|threads)\.(?:del|delete|cancel|update)$/,
    table: assistants,
    operation: 'delete',
    chosenBy: [argument(0)],
  },
  {
    library: 'openai',
    callee: /\.threads\.(?:runs|messages)\.(?:create|createAndPoll|stream)$/,
    table: assistants,
    operation: 'update',
    chosenBy: [argument(0)],
  },
  {
    library: 'resend',
    callee: /\.domains\.(?:get|verify|update|remove)$/,
    table: 'resend.sending_domain',
    operation: 'update',
    chosenBy: [argument(0), field('id')],
  },
];

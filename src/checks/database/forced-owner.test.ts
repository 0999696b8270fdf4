import { expect, test } from 'vitest';
import { replicaOfFile } from '../../commands/fixtures/replica.ts';
import { replayed } from '../../commands/fixtures/replayed.ts';
import { check as alwaysTrue } from './policy-always-true/index.ts';
import { check as ownerBypasses } from './owner-bypasses-policies/index.ts';

const replica = replicaOfFile();

/** What is said of files, of an app that connects as the owner of its tables. */
async function told(force: string, read: string): Promise<Record<string, readonly string[]>> {
  const own = `using (company_id = current_setting('app.company_id', true))`;
  const text = `
    create table companies (id text primary key, name text not null);
    create table deals (id text primary key, company_id text not null references companies (id), title text);
    create table files (id text primary key, company_id text not null references companies (id), url text);
    alter table companies enable row level security;
    alter table deals enable row level security;
    alter table files enable row level security;
    alter table companies force row level security;
    alter table deals force row level security;
    alter table files ${force} row level security;
    create policy "own" on companies using (id = current_setting('app.company_id', true));
    create policy "own" on deals ${own};
    create policy "read" on files for select using (${read});`;
  const input = { app: undefined, paths: [], ...(await replayed(replica, text, 'plain')) };
  return {
    policy: alwaysTrue.judge(input).findings.map(({ object }) => object ?? ''),
    owner: ownerBypasses.judge(input).findings.map(({ object }) => object ?? ''),
  };
}

test('a policy that lets everything through is told of where the owner himself is bound by it', async () => {
  expect(await told('force', 'true')).toEqual({ policy: ['files'], owner: [] });
  expect(await told('force', `company_id = current_setting('app.company_id', true)`)).toEqual({
    policy: [],
    owner: [],
  });
  expect(await told('no force', 'true')).toEqual({ policy: [], owner: ['files'] });
});

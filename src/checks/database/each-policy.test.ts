import { describe, expect, test } from 'vitest';
import { replicaOfFile } from '../../commands/fixtures/replica.ts';
import { library, replayed } from '../../commands/fixtures/replayed.ts';
import { leaksOf } from './leaks.ts';
import { check as leaks } from './policy-leaks/index.ts';
import { check as files } from './storage-policy-without-owner/index.ts';

const replica = replicaOfFile();

/** Messages of findings by the line of the schema at which they stand. */
async function told(text: string, check: typeof files): Promise<readonly string[]> {
  const { findings } = check.judge({ app: undefined, paths: [], ...(await replayed(replica, `${library}${text}`)) });
  const before = library.split('\n').length;
  return findings
    .map(({ line, message }) => `${line - before}: ${message}`)
    .toSorted((left, right) => left.localeCompare(right, 'en', { numeric: true }));
}

const buckets = `
insert into storage.buckets (id, name, public) values ('letters', 'letters', false), ('scans', 'scans', false);`;
const own = `bucket_id = 'letters' and (storage.foldername(name))[1] in (select s.branch_id::text from public.staff s where s.user_id = auth.uid())`;

describe('files', () => {
  test('each policy that alone lets an attack through is named at its line, with what it opens in which bucket', async () => {
    const findings = await told(
      `${buckets}
create policy "own letters" on storage.objects for all to authenticated using (${own}) with check (${own});
create policy "see letters" on storage.objects for select to authenticated using (bucket_id = 'letters');
create policy "see letters too" on storage.objects for select to authenticated using (bucket_id = 'letters' and auth.role() = 'authenticated');
create policy "send letters" on storage.objects for insert to authenticated with check (bucket_id = 'letters');
create policy "change letters" on storage.objects for update to authenticated using (bucket_id = 'letters');
create policy "remove letters" on storage.objects for delete to authenticated using (bucket_id = 'letters');
create policy "whoever is signed in" on storage.objects for select to authenticated using (auth.uid() is not null);`,
      files,
    );
    expect(findings).toEqual([
      `3: The policy 'see letters' lets the caller select files of another tenant in the bucket 'letters'.`,
      `4: The policy 'see letters too' lets the caller select files of another tenant in the bucket 'letters'.`,
      `5: The policy 'send letters' lets the caller insert files of another tenant in the bucket 'letters'.`,
      `6: The policy 'change letters' lets the caller update files of another tenant in the bucket 'letters'.`,
      `7: The policy 'remove letters' lets the caller delete files of another tenant in the bucket 'letters'.`,
      `8: The policy 'whoever is signed in' lets the caller select files of another tenant in the buckets 'letters' and 'scans'.`,
    ]);
  });

  test('what one policy opens in several buckets is told once, and for each bucket rightly', async () => {
    const findings = await told(
      `
insert into storage.buckets (id, name, public) values ('covers', 'covers', true), ('scans', 'scans', false);
create policy "anything" on storage.objects for all to authenticated using (bucket_id in ('covers', 'scans'));`,
      files,
    );
    expect(findings).toEqual([
      `2: The policy 'anything' lets the caller insert, update and delete files of another tenant in the bucket 'covers', and select, insert, update and delete those in the bucket 'scans'.`,
    ]);
  });

  test('with one of two policies repaired, the other alone is told', async () => {
    const findings = await told(
      `${buckets}
create policy "see letters" on storage.objects for select to authenticated using (${own});
create policy "see letters too" on storage.objects for select to authenticated using (bucket_id = 'letters');`,
      files,
    );
    expect(findings).toEqual([
      `3: The policy 'see letters too' lets the caller select files of another tenant in the bucket 'letters'.`,
    ]);
  });

  test('several policies that ask for the folder or the uploader are none of them told', async () => {
    const findings = await told(
      `${buckets}
create policy "own letters" on storage.objects for all to authenticated using (${own}) with check (${own});
create policy "what I sent" on storage.objects for select to authenticated using (bucket_id = 'letters' and owner_id = auth.uid()::text);
create policy "remove what I sent" on storage.objects for delete to authenticated using (bucket_id = 'letters' and owner_id = auth.uid()::text);`,
      files,
    );
    expect(findings).toEqual([]);
  });

  test('a policy that opens another folder than the first is shown by a file in that folder', async () => {
    const input = {
      app: undefined,
      paths: [],
      ...(await replayed(
        replica,
        `${library}${buckets}
create policy "inbox" on storage.objects for insert to authenticated with check (bucket_id = 'letters' and (storage.foldername(name))[1] = 'inbox');
create policy "drafts" on storage.objects for insert to authenticated with check (bucket_id = 'letters' and (storage.foldername(name))[1] = 'drafts');`,
      )),
    };
    const shown = leaksOf(input)
      .filter(({ cell }) => cell.bucket === 'letters' && cell.actor === 'member')
      .map(
        ({ cell }) =>
          `${cell.policy ?? ''}: ${/'(\w+)\/[^']+attack\.txt'/.exec(cell.evidence[0]?.transcript ?? '')?.[1] ?? ''}`,
      );
    expect(shown.toSorted()).toEqual(['drafts: drafts', 'inbox: inbox']);
  });
});

describe('tables', () => {
  test('each policy that alone lets an attack through is named', async () => {
    const findings = await told(
      `
create policy "loans are seen" on loans for select to authenticated using (auth.uid() is not null);
create policy "loans are managed" on loans for all to authenticated using (auth.role() = 'authenticated');`,
      leaks,
    );
    expect(findings).toEqual([
      `1: Under the policy 'loans are seen' on 'loans', 'authenticated' may select rows of another tenant.`,
      `2: Under the policy 'loans are managed' on 'loans', 'authenticated' may select, update and delete rows of another tenant.`,
    ]);
  });

  test('a policy that opens by another attack than the first is told by its own', async () => {
    const text = `
create policy "loans are changed" on loans for update to authenticated using (auth.uid() is not null) with check (works_at(branch_id));
create policy "loans are sent on" on loans for update to authenticated using (works_at(branch_id)) with check (true);`;
    const input = { app: undefined, paths: [], ...(await replayed(replica, `${library}${text}`)) };
    const shown = leaksOf(input)
      .filter(({ cell }) => cell.object === 'loans' && cell.actor === 'member')
      .map(({ cell }) => `${cell.policy ?? ''}: ${cell.because}`);
    expect(shown).toEqual([
      'loans are changed: An ordinary member of tenant A took over 1 row of tenant B.',
      'loans are sent on: An ordinary member of tenant A moved a row into tenant B.',
    ]);
  });

  test('a policy beside the one that leaks is not named where it keeps tenants apart', async () => {
    const findings = await told(
      `
create policy "loans are seen" on loans for select to authenticated using (auth.uid() is not null);`,
      leaks,
    );
    expect(findings).toEqual([
      `1: Under the policy 'loans are seen' on 'loans', 'authenticated' may select rows of another tenant.`,
    ]);
  });
});

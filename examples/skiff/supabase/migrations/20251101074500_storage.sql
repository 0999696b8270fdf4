insert into storage.buckets (id, name, public) values
  ('attachments', 'attachments', false),
  ('photos', 'photos', false),
  ('documents', 'documents', false)
on conflict (id) do nothing;

-- documents/<workspace id>/<file>
create policy "Members can read documents"
  on storage.objects for select
  to authenticated
  using (
    bucket_id = 'documents'
    and (storage.foldername(name))[1] in (
      select m.workspace_id::text from public.members m where m.user_id = (select auth.uid())
    )
  );

create policy "Members can upload documents"
  on storage.objects for insert
  to authenticated
  with check (
    bucket_id = 'documents'
    and (storage.foldername(name))[1] in (
      select m.workspace_id::text from public.members m where m.user_id = (select auth.uid())
    )
  );

create policy "Members can delete documents"
  on storage.objects for delete
  to authenticated
  using (
    bucket_id = 'documents'
    and (storage.foldername(name))[1] in (
      select m.workspace_id::text from public.members m where m.user_id = (select auth.uid())
    )
  );

-- photos/<workspace id>/<boat id>/<file>
create policy "Signed-in users can view photos"
  on storage.objects for select
  to authenticated
  using (bucket_id = 'photos');

create policy "Signed-in users can upload photos"
  on storage.objects for insert
  to authenticated
  with check (bucket_id = 'photos');

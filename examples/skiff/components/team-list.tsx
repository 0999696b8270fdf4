'use client';

import { useTransition } from 'react';
import { joinCrew, leaveCrew } from '@/app/actions/crews';
import { changeRole, removeMember } from '@/app/actions/team';

type Props = {
  workspaceId: string;
  members: { user_id: string; role: string; display_name: string | null }[];
  crews: { id: string; name: string }[];
};

export function TeamList({ workspaceId, members, crews }: Props) {
  const [pending, start] = useTransition();

  const run = (task: () => Promise<unknown>) =>
    start(async () => {
      await task();
    });

  return (
    <>
      {members.map((member) => (
        <div className="card" key={member.user_id}>
          {member.display_name ?? 'Unnamed'} ({member.role}){' '}
          <button disabled={pending} onClick={() => run(() => changeRole(workspaceId, member.user_id, 'manager'))}>
            Make manager
          </button>{' '}
          <button disabled={pending} onClick={() => run(() => removeMember(workspaceId, member.user_id))}>
            Remove
          </button>
        </div>
      ))}
      <h2>Crews</h2>
      {crews.map((crew) => (
        <div className="card" key={crew.id}>
          {crew.name}{' '}
          <button disabled={pending} onClick={() => run(() => joinCrew(workspaceId, crew.id))}>
            Join
          </button>{' '}
          <button disabled={pending} onClick={() => run(() => leaveCrew(crew.id))}>
            Leave
          </button>
        </div>
      ))}
    </>
  );
}

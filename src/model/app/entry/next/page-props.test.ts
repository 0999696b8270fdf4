import { expect, test } from 'vitest';

import { show } from '../../fixtures/inline-app.ts';
import { prismaImports, tracePrisma } from '../../fixtures/prisma-app.ts';

function traced(body: string): readonly string[] {
  return tracePrisma({
    'pages/teams/[teamId]/index.tsx': `${prismaImports} import type { GetServerSideProps } from 'next'; import { getSession } from 'next-auth/react'; ${body} export default function Page({ documents }) { return <ul>{documents.map(one => <li key={one.id}>{one.name}</li>)}</ul>; }`,
  }).queries.map(
    path => `${path.entryPoint.name} ${path.principal} ${path.query.table}: ${show(path.query.where)} ${path.escapes}`,
  );
}

test('what a page of pages/ is given on the server goes to whoever asks for it', () => {
  expect(
    traced(`export const getServerSideProps: GetServerSideProps = async ({ params }) => {
      const documents = await prisma.document.findMany({ where: { teamId: params.teamId } });
      return { props: { documents } }; };`),
  ).toEqual(['page /teams/[teamId] anonymous Document: self.teamId = client params.teamId true']);
});

test('a session that is asked for ties it to the caller', () => {
  const own = (session: string): string =>
    `export async function getServerSideProps(context) { const session = await ${session}; if (!session) return { redirect: { destination: '/', permanent: false } };
      const documents = await prisma.document.findMany({ where: { teamId: context.params.teamId, team: { members: { some: { userId: session.user.id } } } } }); return { props: { documents } }; }`;
  for (const session of ['getServerSession(context.req, context.res, authOptions)', 'getSession(context)'])
    expect(traced(own(session))).toEqual([
      'page /teams/[teamId] member Document: (self.teamId = client params.teamId and exists Team with (Team.id = self.teamId and exists Member with (Member.teamId = Team.id and Member.userId = ‹user.id›))) true',
    ]);
});

test('what is built once for everybody knows nobody', () => {
  expect(
    traced(`export const getStaticProps = async ({ params }) => ({ props: { documents: await prisma.document.findMany({ where: { teamId: params.teamId } }) } });
      export const getStaticPaths = async () => ({ paths: [], fallback: 'blocking' });`),
  ).toEqual(['page /teams/[teamId] anonymous Document: self.teamId = client params.teamId true']);
});

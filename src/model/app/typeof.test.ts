import { expect, test } from 'vitest';

import { filesInMemory } from '../../collect/source/files.ts';
import { sourceOf } from '../../collect/source/read-source.ts';
import { schemaOfCode } from '../database/schema-of-code.ts';
import { interpretApp } from './build.ts';
import { show } from './fixtures/inline-app.ts';
import { prismaSchema } from './fixtures/prisma-app.ts';

/** By what the versions of a document are found, where a helper takes a number or a name. */
function found(argument: string): readonly string[] {
  const source = sourceOf(
    filesInMemory({
      'package.json': '{"dependencies":{"next":"16.0.0","@prisma/client":"6.0.0"}}',
      'prisma/schema.prisma': prismaSchema,
      'lib/prisma.ts': `import { PrismaClient } from '@prisma/client'; export const prisma = new PrismaClient();`,
      'app/api/versions/route.ts': `
        import { prisma } from '../../../lib/prisma';
        const find = (reference: number | string) => prisma.version.findMany({
          where: {
            number: typeof reference === 'number' ? reference : undefined,
            documentId: typeof reference === 'string' ? reference : undefined,
          },
        });
        export async function GET(request: Request) {
          const version = await prisma.version.findUniqueOrThrow({ where: { id: request.headers.get('x-version') } });
          const body = await request.json();
          return Response.json(await find(${argument}));
        }`,
    }),
  );
  const { queries } = interpretApp(source, schemaOfCode(source));
  return queries.map(path => show(path.query.where)).filter(where => !where.includes('header.'));
}

test('what a column holds is of the type that the schema gives it', () => {
  expect(found('version.number')).toEqual(['self.number = Version.number']);
  expect(found('version.documentId')).toEqual(['self.documentId = Version.documentId']);
});

test('what the caller sends may be of either', () => {
  expect(found('body.reference').join()).toContain('maybe');
});

import type { Gap } from '../../core/gap.ts';
import type { Platform } from '../../core/platform.ts';
import type { Sql } from '../../core/ports.ts';
import { dottedNamesQuery } from './catalog-queries.ts';
import { text } from './row.ts';

/** Models name things `schema.table`: what has a dot of its own in its name is left out, and told. */
export async function dottedNameGaps(sql: Sql, platform: Platform): Promise<readonly Gap[]> {
  const { rows } = await sql.query(dottedNamesQuery(platform));
  return rows.map(row => ({
    reason: `${text(row, 'name')} has a dot in its name, and is not looked at.`,
    file: '',
    line: 0,
    settles: 1,
  }));
}

/** A model of a Prisma schema, with the names its tables and columns have in the database. */
export interface PrismaModel {
  readonly name: string;
  readonly table: string;
  /** Scalar fields: property to column. */
  readonly columns: ReadonlyMap<string, string>;
  readonly relations: ReadonlyMap<string, PrismaRelation>;
}

/** A relation field; `fields` belong to this model and `references` to the other, absent on the side without a key. */
export interface PrismaRelation {
  readonly model: string;
  readonly many: boolean;
  /** The field is marked `?`: there may be no such row. */
  readonly optional: boolean;
  readonly name: string | undefined;
  readonly fields: readonly string[];
  readonly references: readonly string[];
}

/** Reads the models of Prisma schema files, by model name. */
export function readPrismaSchemas(texts: readonly string[]): ReadonlyMap<string, PrismaModel> {
  const blocks = texts.flatMap(text => [
    ...text.replaceAll(/\/\/[^\n]*/g, '').matchAll(/^\s*(model|view|enum)\s+(\w+)\s*\{([\s\S]*?)^\s*\}/gm),
  ]);
  const models = new Set(blocks.filter(block => block[1] !== 'enum').map(block => block[2] ?? ''));
  const found = new Map<string, PrismaModel>();
  for (const [, kind, name = '', body = ''] of blocks)
    if (kind !== 'enum') found.set(name, readModel(name, body, models));
  return found;
}

function readModel(name: string, body: string, models: ReadonlySet<string>): PrismaModel {
  const columns = new Map<string, string>();
  const relations = new Map<string, PrismaRelation>();
  const schema = /@@schema\(\s*"([^"]+)"/.exec(body)?.[1];
  const mapped = /@@map\(\s*(?:name:\s*)?"([^"]+)"/.exec(body)?.[1] ?? name;
  for (const line of body.split('\n')) {
    const field = /^\s*(\w+)\s+(\w+)(\[\])?(\?)?\s*(.*)$/.exec(line);
    if (field === null || line.trim().startsWith('@@')) continue;
    const [, property = '', type = '', list, optional, attributes = ''] = field;
    if (models.has(type)) {
      const relation = /@relation\(([^)]*(?:\([^)]*\)[^)]*)*)\)/.exec(attributes)?.[1] ?? '';
      relations.set(property, {
        model: type,
        many: list !== undefined,
        optional: optional !== undefined,
        name: /^\s*"([^"]+)"/.exec(relation)?.[1] ?? /name:\s*"([^"]+)"/.exec(relation)?.[1],
        fields: namesIn(/fields:\s*\[([^\]]*)\]/.exec(relation)?.[1]),
        references: namesIn(/references:\s*\[([^\]]*)\]/.exec(relation)?.[1]),
      });
    } else columns.set(property, /@map\(\s*(?:name:\s*)?"([^"]+)"/.exec(attributes)?.[1] ?? property);
  }
  return {
    name,
    table: schema === undefined || schema === 'public' ? mapped : `${schema}.${mapped}`,
    columns,
    relations,
  };
}

function namesIn(list: string | undefined): readonly string[] {
  return (list ?? '')
    .split(',')
    .map(part => part.trim())
    .filter(part => part !== '');
}

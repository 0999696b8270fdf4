import type { SchemaFile } from '../../collect/source/read-source.ts';

/** A model (or view) of a Prisma schema, with the names its table and columns have in the database. */
export interface PrismaModel {
  readonly name: string;
  readonly kind: 'model' | 'view';
  readonly table: string;
  /** Scalar fields: property to column. */
  readonly columns: ReadonlyMap<string, string>;
  readonly fields: readonly PrismaField[];
  readonly relations: ReadonlyMap<string, PrismaRelation>;
  /** Properties of the primary key. */
  readonly primaryKey: readonly string[];
  /** Every unique key, the primary key among them, by the name that `where` has for it: `id`, `userId_teamId`. */
  readonly keys: ReadonlyMap<string, readonly string[]>;
  readonly file: string;
  readonly line: number;
}

/** A scalar or enum field. */
export interface PrismaField {
  readonly name: string;
  readonly column: string;
  readonly type: string;
  /** The type in the database, where `@db.` says it: `Uuid`, `VarChar(36)`. */
  readonly nativeType: string | undefined;
  readonly list: boolean;
  readonly optional: boolean;
  /** What stands in `@default(…)`. */
  readonly default: string | undefined;
  readonly isUpdatedAt: boolean;
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
  readonly onDelete: string | undefined;
}

/** What Prisma schema files say. */
export interface PrismaSchema {
  readonly models: ReadonlyMap<string, PrismaModel>;
  readonly enums: readonly PrismaEnum[];
}

/** An enum; `table` is its name in the database. */
export interface PrismaEnum {
  readonly name: string;
  readonly table: string;
  readonly values: readonly string[];
}

/** Reads Prisma schema files; of models with one name the first counts. https://www.prisma.io/docs/orm/reference/prisma-schema-reference */
export function readPrismaSchemas(files: readonly SchemaFile[]): PrismaSchema {
  const blocks = files.flatMap(blocksOf);
  const names = new Set(blocks.filter(isModel).map(block => block.name));
  const models = new Map<string, PrismaModel>();
  for (const block of blocks.filter(isModel))
    if (!models.has(block.name)) models.set(block.name, readModel(block, names));
  return { models, enums: blocks.filter(block => block.kind === 'enum').map(readEnum) };
}

interface Block {
  readonly kind: string;
  readonly name: string;
  readonly lines: readonly string[];
  readonly file: string;
  readonly line: number;
}

function isModel(block: Block): boolean {
  return block.kind === 'model' || block.kind === 'view';
}

/** The blocks of a file; a declaration that goes on over several lines becomes one. */
function blocksOf({ file, text }: SchemaFile): readonly Block[] {
  const blocks: Block[] = [];
  let open: { kind: string; name: string; lines: string[]; line: number } | undefined;
  let rest = '';
  for (const [index, raw] of text.split('\n').entries()) {
    const line = `${rest}${withoutComment(raw)}`.trim();
    rest = '';
    if (open === undefined) {
      const start = /^(model|view|enum|type)\s+(\w+)\s*\{(.*)$/.exec(line);
      if (start === null) continue;
      open = { kind: start[1] ?? '', name: start[2] ?? '', lines: [], line: index + 1 };
      const inline = start[3]?.trim() ?? '';
      if (inline === '') continue;
      for (const part of inline.replace(/\}$/, '').split(/\s{2,}|;/))
        if (part.trim() !== '') open.lines.push(part.trim());
      if (!inline.endsWith('}')) continue;
    } else if (line !== '}') {
      if (depthOf(line) > 0) rest = `${line} `;
      else if (line !== '') open.lines.push(line);
      continue;
    }
    blocks.push({ ...open, file });
    open = undefined;
  }
  return blocks;
}

function withoutComment(line: string): string {
  return line.replace(/("(?:\\.|[^"\\])*")|\/\/.*$/g, (_all, quoted: string | undefined) => quoted ?? '');
}

function depthOf(line: string): number {
  const bare = line.replaceAll(/"(?:\\.|[^"\\])*"/g, '');
  return bare.split(/[([]/).length - bare.split(/[)\]]/).length;
}

function readModel(block: Block, models: ReadonlySet<string>): PrismaModel {
  const fields: PrismaField[] = [];
  const relations = new Map<string, PrismaRelation>();
  const keys = new Map<string, readonly string[]>();
  let primaryKey: readonly string[] = [];
  let mapped = block.name;
  let schema: string | undefined;
  for (const line of block.lines) {
    if (line.startsWith('@@')) {
      const attribute = /^@@(\w+)/.exec(line)?.[1];
      const text = argumentsAfter(line, /^@@\w+/);
      if (attribute === 'map') mapped = quotedIn(text) ?? mapped;
      else if (attribute === 'schema') schema = quotedIn(text);
      else if (attribute === 'id' || attribute === 'unique') {
        const listed = namesIn(text);
        keys.set(/\bname:\s*"([^"]+)"/.exec(text)?.[1] ?? listed.join('_'), listed);
        if (attribute === 'id') primaryKey = listed;
      }
      continue;
    }
    const field = /^(\w+)\s+(\w+)(?:\("[^"]*"\))?(\[\])?(\?|!)?\s*(.*)$/.exec(line);
    if (field === null) continue;
    const [, name = '', type = '', list, mark, attributes = ''] = field;
    if (models.has(type)) {
      relations.set(name, readRelation(type, list !== undefined, mark === '?', attributes));
      continue;
    }
    fields.push({
      name,
      column: quotedIn(argumentsAfter(attributes, /(?<!@)@map\b/)) ?? name,
      type,
      nativeType: /@\w+\.(\w+(?:\([^)]*\))?)/.exec(attributes)?.[1],
      list: list !== undefined,
      optional: mark === '?',
      default: /@default\b/.test(attributes) ? argumentsAfter(attributes, /@default\b/) : undefined,
      isUpdatedAt: /@updatedAt\b/.test(attributes),
    });
    if (/(?<!@)@(id|unique)\b/.test(attributes)) keys.set(name, [name]);
    if (/(?<!@)@id\b/.test(attributes)) primaryKey = [name];
  }
  return {
    name: block.name,
    kind: block.kind === 'view' ? 'view' : 'model',
    table: schema === undefined || schema === 'public' ? mapped : `${schema}.${mapped}`,
    columns: new Map(fields.map(field => [field.name, field.column])),
    fields,
    relations,
    primaryKey,
    keys,
    file: block.file,
    line: block.line,
  };
}

function readRelation(model: string, many: boolean, optional: boolean, attributes: string): PrismaRelation {
  const text = argumentsAfter(attributes, /@relation\b/);
  return {
    model,
    many,
    optional,
    name: /^\s*"([^"]+)"/.exec(text)?.[1] ?? /\bname:\s*"([^"]+)"/.exec(text)?.[1],
    fields: namesIn(/fields:\s*(\[[^\]]*\])/.exec(text)?.[1] ?? ''),
    references: namesIn(/references:\s*(\[[^\]]*\])/.exec(text)?.[1] ?? ''),
    onDelete: /onDelete:\s*(\w+)/.exec(text)?.[1],
  };
}

function readEnum(block: Block): PrismaEnum {
  let table = block.name;
  const values: string[] = [];
  for (const line of block.lines) {
    if (line.startsWith('@@map')) table = quotedIn(line) ?? table;
    else if (!line.startsWith('@@')) values.push(quotedIn(argumentsAfter(line, /@map\b/)) ?? line.split(/\s/)[0] ?? '');
  }
  return { name: block.name, table, values };
}

/** What stands between the parentheses after an attribute. */
function argumentsAfter(text: string, attribute: RegExp): string {
  const found = attribute.exec(text);
  if (found === null) return '';
  const start = found.index + found[0].length;
  if (text[start] !== '(') return '';
  let depth = 0;
  let quoted = false;
  for (let index = start; index < text.length; index += 1) {
    const character = text[index];
    if (quoted && character === '\\') index += 1;
    else if (character === '"') quoted = !quoted;
    else if (!quoted && character === '(') depth += 1;
    else if (!quoted && character === ')') {
      depth -= 1;
      if (depth === 0) return text.slice(start + 1, index);
    }
  }
  return text.slice(start + 1);
}

function quotedIn(text: string): string | undefined {
  return /"([^"]+)"/.exec(text)?.[1];
}

/** `[userId, teamId(sort: Desc)]`: the names alone. */
function namesIn(text: string): readonly string[] {
  const list = /\[([^\]]*)\]/.exec(text)?.[1] ?? '';
  return list
    .replaceAll(/\([^)]*\)/g, '')
    .split(',')
    .map(part => part.trim())
    .filter(part => part !== '');
}

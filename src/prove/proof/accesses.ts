import type { DatabaseFunction, DatabaseModel, Table, View } from '../../model/database/types.ts';
import { isUserSetting } from '../../model/tenancy/links.ts';
import type { TenancyModel } from '../../model/tenancy/types.ts';
import type { Arm, Encoder, Scope } from '../../logic/smt/encoder.ts';
import { all, any, not, same, some, type Variable } from '../../logic/smt/formula.ts';
import { functionScope, sqlOfBody } from '../../logic/smt/functions.ts';
import { runPlpgsql, type Step } from '../../logic/smt/plpgsql.ts';
import { createEncoder, isBound } from '../../logic/smt/policies.ts';
import { viewQuery, viewScope } from '../../logic/smt/select.ts';
import { createSession } from '../../logic/smt/session.ts';
import { plainType } from '../../logic/smt/types.ts';
import { alternativesOf, choice, type Value } from '../../logic/smt/value.ts';
import { createVocabulary, type Vocabulary } from '../../logic/smt/vocabulary.ts';
import { parseSql } from '../../logic/sql.ts';
import { list, record, relationName, text, unwrap, type SqlNode } from '../../logic/sql-tree.ts';
import { belongs, namesUser, premises, type World } from './adversary.ts';
import { goalTimeoutMs, type ProofGoal } from './goals.ts';
import { tableNamed, viewNamed } from '../../logic/named.ts';
import { ownerOfTable } from '../../model/tenancy/owner-of.ts';

/** Who calls what. */
export interface AccessQuestion {
  readonly database: DatabaseModel;
  readonly tenancy: TenancyModel;
  readonly role: string;
  readonly signedIn: boolean;
}

/** The goals of a function or view, or why there are none; changes with the caller's own rights are asked of the tables. */
export type Accesses =
  | {
      readonly kind: 'goals';
      readonly goals: () => readonly ProofGoal[];
      readonly changes: readonly Change[];
      /** What the body reads with the caller's own rights, and the goals of the rest: what a table shows nobody else its readers do not. */
      readonly byTables: { readonly reads: readonly Table[]; readonly goals: () => readonly ProofGoal[] };
    }
  | { readonly kind: 'open'; readonly because: string };

/** A change that the policies of a table decide. */
export interface Change {
  readonly table: Table;
  readonly command: 'insert' | 'update' | 'delete';
}

/** Rows that are read or changed on a way through a body. */
interface Access {
  readonly variables: readonly Variable[];
  readonly when: string;
  readonly rows: Arm['rows'];
  /** The role whose policies decide; absent where none do. */
  readonly role?: string | undefined;
}

interface Reading {
  readonly vocabulary: Vocabulary;
  readonly encoder: Encoder;
  /** Filled while queries are encoded. */
  readonly seen: { readonly arms: readonly Arm[]; readonly scope: Scope }[];
}

function startReading({ database, role, signedIn }: AccessQuestion): Reading {
  const vocabulary = createVocabulary(database);
  const session = createSession(vocabulary, { role, signedIn, namesUser: isUserSetting });
  const seen: { readonly arms: readonly Arm[]; readonly scope: Scope }[] = [];
  return { vocabulary, seen, encoder: createEncoder(vocabulary, session, (arms, scope) => seen.push({ arms, scope })) };
}

/** What a call of a function reaches, whatever its arguments. */
export function functionAccesses(definition: DatabaseFunction, question: AccessQuestion): Accesses {
  const reading = startReading(question);
  const { encoder, vocabulary } = reading;
  const values = definition.arguments.map((argument, index) => ({
    name: '',
    value: chosen(vocabulary, `argument ${index + 1}`, argument.type),
  }));
  const scope = functionScope(encoder, definition, values, emptyScope(question.role));
  if (scope === undefined) return open('its arguments are not understood');
  const steps = stepsOf(definition, reading, scope);
  if (typeof steps === 'string') return open(steps);
  reading.seen.length = 0;
  const accesses: Access[] = [];
  const changes: Change[] = [];
  for (const step of steps) {
    const outcome = accessesOf(step, reading, definition.securityDefiner ? undefined : question.role);
    if (typeof outcome === 'string') return open(outcome);
    accesses.push(...outcome.accesses);
    changes.push(...outcome.changes);
  }
  const unfollowed = unfollowedIn(vocabulary);
  if (unfollowed !== undefined) return open(`${unfollowed} is not followed`);
  return reached(accesses, changes, reading, question);
}

/** What reading a view shows. */
export function viewAccesses(view: View, question: AccessQuestion): Accesses {
  const reading = startReading(question);
  const scope = viewScope(reading.encoder, view, { ...emptyScope(question.role), trail: [view.name] });
  reading.encoder.select(viewQuery(view), scope);
  const unfollowed = unfollowedIn(reading.vocabulary);
  if (unfollowed !== undefined) return open(`${unfollowed} is not followed`);
  return reached(recorded(reading, []), [], reading, question);
}

function reached(
  accesses: readonly Access[],
  changes: readonly Change[],
  reading: Reading,
  question: AccessQuestion,
): Accesses {
  const { tables } = question.database;
  const isPlain = ({ role, rows }: Access): boolean =>
    role === question.role &&
    rows.every(({ table }) => tables.some(each => each.name === table && isBound(each, question.role)));
  const names = new Set(accesses.filter(isPlain).flatMap(access => access.rows.map(({ table }) => table)));
  return {
    kind: 'goals',
    changes,
    goals: () => goalsFor(accesses, reading, question),
    byTables: {
      reads: tables.filter(table => names.has(table.name)),
      goals: () =>
        goalsFor(
          accesses.filter(access => !isPlain(access)),
          reading,
          question,
        ),
    },
  };
}

/** The table through which a view passes changes on; undefined where Postgres refuses them. https://www.postgresql.org/docs/18/sql-createview.html#SQL-CREATEVIEW-UPDATABLE-VIEWS */
export function changedThrough(view: View, database: DatabaseModel): string | undefined {
  const query = viewQuery(view);
  const [item, second] = list(query['fromClause']);
  const cut = ['withClause', 'groupClause', 'havingClause', 'distinctClause', 'limitCount', 'limitOffset', 'larg'];
  if (second !== undefined || cut.some(name => query[name] !== undefined)) return undefined;
  const [kind, range] = unwrap(record(item));
  if (kind !== 'RangeVar') return undefined;
  const name = relationName(range);
  const inner = viewNamed(database, name);
  return inner === undefined ? name : inner.name === view.name ? undefined : changedThrough(inner, database);
}

/** A function or relation of the database that may read anything. */
function unfollowedIn({ reasons }: Vocabulary): string | undefined {
  return [...reasons].find(reason => /^the (function|relation) '/.test(reason));
}

function open(because: string): Accesses {
  return { kind: 'open', because };
}

function chosen(vocabulary: Vocabulary, name: string, type: string): Value {
  const isNull = vocabulary.free(`${name} is null`, 'Bool');
  return choice({ term: vocabulary.free(name), isNull, type: plainType(type) });
}

function emptyScope(role: string): Scope {
  return {
    bindings: [],
    named: new Map(),
    positional: [],
    variables: [],
    role,
    searchPath: ['public'],
    queries: new Map(),
    trail: [],
  };
}

/** The statements of a body with what holds where they run; a sentence where they cannot be read. */
function stepsOf(definition: DatabaseFunction, { encoder }: Reading, scope: Scope): readonly Step[] | string {
  if (definition.language === 'plpgsql') {
    const run = runPlpgsql(encoder, definition, scope);
    if (run === undefined) return 'its body was not understood';
    const [doubt] = run.doubts;
    return doubt === undefined ? run.steps : `its body has ${doubt}, which is not followed`;
  }
  if (definition.language !== 'sql') return `it is written in ${definition.language}`;
  const state = { variables: [], when: 'true', named: scope.named };
  try {
    return parseSql(sqlOfBody(definition)).map(statement => ({ statement, state, scope }));
  } catch {
    return 'its body was not understood';
  }
}

type StepAccesses = { readonly accesses: readonly Access[]; readonly changes: readonly Change[] };

/** `caller` is the role whose policies decide; absent where none do. */
function accessesOf(
  { statement, state, scope }: Step,
  reading: Reading,
  caller: string | undefined,
): StepAccesses | string {
  const { encoder, vocabulary } = reading;
  const [kind, body] = unwrap(statement);
  reading.seen.length = 0;
  const around = { variables: state.variables, when: state.when };
  if (kind === 'SelectStmt') {
    encoder.select(body, scope);
    return { accesses: recorded(reading, [around]), changes: [] };
  }
  if (kind !== 'InsertStmt' && kind !== 'UpdateStmt' && kind !== 'DeleteStmt')
    return `its body has a ${kind}, which is not followed`;
  const command = kind === 'InsertStmt' ? 'insert' : kind === 'UpdateStmt' ? 'update' : 'delete';
  const table = tableIn(vocabulary.database, record(body['relation']), scope);
  if (table === undefined) return 'it changes something that is no table';
  if (body['onConflictClause'] !== undefined && caller === undefined)
    return 'its body has ON CONFLICT, which is not followed';
  const changes: readonly Change[] = caller === undefined ? [] : [{ table, command }];
  if (body['withClause'] !== undefined) return 'its body has a change with WITH, which is not followed';
  if (command === 'insert') {
    const added = caller === undefined ? addedRow(table, body, { ...reading, scope }) : [];
    if (typeof added === 'string') return added;
    if (body['selectStmt'] !== undefined) encoder.select(record(record(body['selectStmt'])['SelectStmt']), scope);
    const reads = recorded(reading, [around]);
    return {
      accesses: [
        ...reads,
        ...added.map(row => ({
          ...row,
          variables: [...state.variables, ...row.variables],
          when: all([state.when, row.when]),
        })),
      ],
      changes,
    };
  }
  const alias = record(body['relation']);
  const select: SqlNode = {
    targetList: list(body['targetList']).map(target => ({
      ResTarget: { val: record(record(target)['ResTarget'])['val'] },
    })),
    fromClause: [{ RangeVar: alias }, ...list(body[kind === 'UpdateStmt' ? 'fromClause' : 'usingClause'])],
    ...(body['whereClause'] === undefined ? {} : { whereClause: body['whereClause'] }),
  };
  if (kind === 'UpdateStmt' && movesRows(table, body, reading))
    return 'its body changes whose row it is, which is not followed';
  encoder.select(select, scope);
  return { accesses: recorded(reading, [around]), changes };
}

function movesRows(table: Table, body: SqlNode, { vocabulary }: Reading): boolean {
  const assigned = new Set(list(body['targetList']).map(target => text(record(record(target)['ResTarget'])['name'])));
  return (
    table.primaryKey.some(column => assigned.has(column)) ||
    vocabulary.database.tables.some(
      candidate =>
        candidate.name === table.name &&
        candidate.foreignKeys.some(key => key.columns.some(column => assigned.has(column))),
    )
  );
}

function tableIn(database: DatabaseModel, range: SqlNode, scope: Scope): Table | undefined {
  const schemas = text(range['schemaname']) === '' ? scope.searchPath : [text(range['schemaname'])];
  const names = schemas.map(schema =>
    schema === 'public' ? text(range['relname']) : `${schema}.${text(range['relname'])}`,
  );
  return names.map(name => tableNamed(database, name)).find(table => table !== undefined);
}

/** The row that VALUES makes: its columns are what is written. */
function addedRow(
  table: Table,
  body: SqlNode,
  { vocabulary, encoder, scope }: Reading & { readonly scope: Scope },
): readonly Access[] | string {
  const select = record(record(body['selectStmt'])['SelectStmt']);
  const names = list(body['cols']).map(column => text(record(record(column)['ResTarget'])['name']));
  const columns = names.length > 0 ? names : table.columns.map(column => column.name);
  const arms = Object.keys(select).length === 0 ? [] : encoder.select(select, scope);
  return arms.map(arm => {
    const row = vocabulary.row(table.name);
    const written = columns.map((name, index) => {
      const column = table.columns.find(candidate => candidate.name === name);
      const value = arm.targets[index]?.value;
      if (column === undefined || value === undefined) return 'true';
      const { term, isNull } = vocabulary.column(table, column, row.name);
      return any(
        alternativesOf(value).map(({ variables, when, scalar }) =>
          some(
            variables,
            all([when, any([all([isNull, scalar.isNull]), all([not(scalar.isNull), same(term, scalar.term)])])]),
          ),
        ),
      );
    });
    return {
      variables: [...arm.variables, row],
      when: all([arm.condition.t, ...written, vocabulary.live(table.name, row.name)]),
      rows: [{ table: table.name, row: row.name }],
    };
  });
}

function recorded(
  { seen }: Reading,
  around: readonly { readonly variables: readonly Variable[]; readonly when: string }[],
): readonly Access[] {
  return seen.flatMap(({ arms, scope }) =>
    arms
      .filter(arm => arm.below.rows.length > 0)
      .map(arm => ({
        role: scope.role,
        variables: [...scope.variables, ...around.flatMap(each => each.variables), ...arm.below.variables],
        when: all([...around.map(each => each.when), arm.below.condition.t]),
        rows: arm.below.rows,
      })),
  );
}

/** One goal for each kind of owner: no access reaches a row of a victim. */
function goalsFor(
  accesses: readonly Access[],
  { vocabulary, encoder }: Reading,
  { tenancy, signedIn }: AccessQuestion,
): readonly ProofGoal[] {
  return (['tenant', 'user'] as const).flatMap(kind => {
    const world: World = { vocabulary, session: encoder.session, tenancy, victim: vocabulary.free('the victim'), kind };
    const reached = accesses
      .flatMap(access => access.rows.map(each => reaches(world, access, each, tenancy)))
      .filter(formula => formula !== 'false');
    if (reached.length === 0) return [];
    const told = premises(world).filter(premise => premise.formula !== 'true');
    return [
      {
        says: `a row of the victim ${kind} is reached`,
        victims: 'the row',
        premises: new Map(told.map(premise => [premise.name, premise])),
        reasons: [...vocabulary.reasons],
        policies: [],
        used: vocabulary.used,
        goal: {
          assertions: [
            { formula: any(reached) },
            ...(kind === 'user' && signedIn ? [{ formula: not(same(world.victim, world.session.user().term)) }] : []),
            ...told.map(({ name, formula }) => ({ name, formula })),
            ...vocabulary.axioms().map(formula => ({ formula })),
          ],
          declarations: vocabulary.declarations(),
          timeoutMs: goalTimeoutMs,
        },
      },
    ];
  });
}

function reaches(
  world: World,
  access: Access,
  { table: name, row }: Arm['rows'][number],
  tenancy: TenancyModel,
): string {
  const { vocabulary, session, kind } = world;
  const table = tableNamed(vocabulary.database, name);
  const owner = ownerOfTable(tenancy, name);
  if (table === undefined || owner?.ownership.kind !== kind) return 'false';
  const theirs = belongs(world, owner, row);
  if (theirs === undefined) return 'false';
  const own = session.signedIn ? not(namesUser(world, table, row)) : 'true';
  return some([...access.variables, ...theirs.variables], all([access.when, theirs.condition, own]));
}

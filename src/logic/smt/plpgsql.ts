import type { DatabaseFunction } from '../../model/database/types.ts';
import { quoteName } from '../../core/quote.ts';
import { list, record, text, unwrap, type SqlNode } from '../sql-tree.ts';
import { branchesOfCase, branchesOfIf, parsePlpgsql, queryOf, type PlpgsqlBranch } from '../plpgsql-tree.ts';
import { parseSql } from '../sql.ts';
import type { Arm, Encoder, Scope } from './encoder.ts';
import { returned } from './calls.ts';
import { cast, unknown } from './expression.ts';
import { all, any, every, type Variable } from './formula.ts';
import { plainType } from './types.ts';
import {
  alternativesOf,
  asTruth,
  choice,
  exactly,
  no,
  nothing,
  notTrue,
  within,
  yes,
  type Truth,
  type Value,
} from './value.ts';

const maximumPaths = 48;

/** A point in the run of a function: how it was reached, and what its variables are. */
export interface State {
  readonly variables: readonly Variable[];
  readonly when: string;
  readonly named: ReadonlyMap<string, Value>;
}

/** A statement of the body that touches rows, and when it runs. */
export interface Step {
  readonly statement: SqlNode;
  readonly state: State;
  readonly scope: Scope;
}

/** All ways through a function. */
export interface Run {
  /** What each way that ends in RETURN gives. */
  readonly results: readonly { readonly state: State; readonly value: Value }[];
  /** Queries and changes, in order. */
  readonly steps: readonly Step[];
  /** What could not be followed. */
  readonly doubts: readonly string[];
}

/** What a plpgsql function answers. https://www.postgresql.org/docs/18/plpgsql-control-structures.html */
export function answerOfPlpgsql(encoder: Encoder, definition: DatabaseFunction, scope: Scope): Value | undefined {
  const run = runPlpgsql(encoder, definition, scope);
  if (run === undefined || run.doubts.length > 0 || run.steps.some(step => step.statement['SelectStmt'] === undefined))
    return undefined;
  if (definition.returns === 'boolean') {
    const of = (pick: (truth: Truth) => string): string =>
      any(run.results.map(({ state, value }) => someOf(state, pick(asTruth(value)))));
    return { kind: 'truth', t: of(truth => truth.t), f: of(truth => truth.f), n: of(truth => truth.n) };
  }
  return {
    kind: 'choice',
    alternatives: run.results.flatMap(({ state, value }) => within(alternativesOf(value), state.variables, state.when)),
  };
}

function someOf(state: State, formula: string): string {
  const body = all([state.when, formula]);
  return state.variables.length === 0 ? body : someRows(state.variables, body);
}

function someRows(variables: readonly Variable[], body: string): string {
  return body === 'false' ? body : existsText(variables, body);
}

function existsText(variables: readonly Variable[], body: string): string {
  return `(exists (${variables.map(({ name, sort }) => `(${name} ${sort})`).join(' ')}) ${body})`;
}

/** Walks all ways through a function; undefined where its text cannot be read. */
export function runPlpgsql(encoder: Encoder, definition: DatabaseFunction, scope: Scope): Run | undefined {
  const action = parsePlpgsql(definition);
  if (action === undefined) return undefined;
  const walk = new Walk(encoder, scope, action.datums.map(datumName));
  const start: State = { variables: [], when: 'true', named: new Map([...scope.named, ['found', no]]) };
  const declared = walk.declare(action.datums, start);
  const open = walk.block(action.block, [declared]);
  // Without RETURN the end of a function is an error, but of one that returns nothing.
  if (/^void$/.test(definition.returns)) walk.results.push(...open.map(state => ({ state, value: choice(nothing()) })));
  return { results: walk.results, steps: walk.steps, doubts: walk.doubts };
}

class Walk {
  readonly results: { readonly state: State; readonly value: Value }[] = [];
  readonly steps: Step[] = [];
  readonly doubts: string[] = [];
  readonly #encoder: Encoder;
  readonly #scope: Scope;
  /** Of variables, in the order in which statements refer to them. */
  readonly #names: readonly string[];

  constructor(encoder: Encoder, scope: Scope, names: readonly string[]) {
    this.#names = names;
    this.#encoder = encoder;
    this.#scope = scope;
  }

  /** Variables begin as their defaults, or null. */
  declare(datums: readonly unknown[], start: State): State {
    let state = start;
    for (const datum of datums) {
      const variable = record(record(datum)['PLpgSQL_var']);
      const name = text(variable['refname']);
      if (name === '' || state.named.has(name)) continue;
      const type = plainType(
        text(record(record(variable['datatype'])['PLpgSQL_type'])['typname']).replace(/^pg_catalog\./, ''),
      );
      const initial = queryOf(variable['default_val']);
      const value = initial === '' ? choice(nothing(type)) : this.#typed(this.#value(initial, state), type);
      state = { ...state, named: new Map([...state.named, [name, value]]) };
    }
    return state;
  }

  #typed(value: Value, type: string): Value {
    return type.includes('%') || type === '' || type === 'record' ? value : cast(this.#encoder, value, type, false);
  }

  #scopeIn(state: State): Scope {
    return { ...this.#scope, named: state.named, variables: [...this.#scope.variables, ...state.variables] };
  }

  #value(query: string, state: State): Value {
    const [target = {}] = targetsOfSelect(record(parsed(`select ${query}`)?.['SelectStmt']));
    return Object.keys(target).length === 0
      ? unknown(this.#encoder, `the expression ${query}`, this.#scopeIn(state))
      : this.#encoder.expression(target, this.#scopeIn(state));
  }

  block(body: SqlNode, states: readonly State[]): readonly State[] {
    if (body['exceptions'] === undefined) return this.statements(list(body['body']), states);
    // Whatever went wrong, and wherever: what was assigned may or may not have been.
    const after = this.statements(list(body['body']), states);
    const handlers = list(record(record(body['exceptions'])['PLpgSQL_exception_block'])['exc_list']);
    const anywhere = states.map(state => ({ ...state, named: this.#forgotten(state) }));
    const handled = handlers.flatMap(handler =>
      this.statements(list(record(record(handler)['PLpgSQL_exception'])['action']), anywhere),
    );
    return [...after, ...handled];
  }

  #forgotten(state: State): ReadonlyMap<string, Value> {
    return new Map(
      [...state.named].map(([name, value]) =>
        this.#scope.named.has(name)
          ? [name, value]
          : [name, unknown(this.#encoder, `the variable ${name}`, this.#scopeIn(state))],
      ),
    );
  }

  statements(body: readonly unknown[], states: readonly State[]): readonly State[] {
    let open = states;
    for (const node of body) {
      open = open.filter(state => state.when !== 'false').flatMap(state => this.#statement(record(node), state));
      if (open.length + this.results.length > maximumPaths) {
        this.doubts.push('too many ways through it');
        return [];
      }
    }
    return open;
  }

  #statement(node: SqlNode, state: State): readonly State[] {
    const [kind, body] = unwrap(node);
    switch (kind) {
      case 'PLpgSQL_stmt_block':
        return this.block(body, [state]);
      case 'PLpgSQL_stmt_if':
        return this.#branch(branchesOfIf(body), state);
      case 'PLpgSQL_stmt_case':
        return this.#branch(branchesOfCase(body), state);
      case 'PLpgSQL_stmt_return':
        return this.#return(body, state);
      case 'PLpgSQL_stmt_raise':
        // Below ERROR it only tells: https://www.postgresql.org/docs/18/plpgsql-errors-and-messages.html
        return Number(body['elog_level'] ?? 21) >= 21 ? [] : [state];
      case 'PLpgSQL_stmt_execsql':
        return this.#execute(body, state);
      case 'PLpgSQL_stmt_perform':
        return this.#perform(queryOf(body['expr']), state);
      case 'PLpgSQL_stmt_assign':
        return this.#assign(queryOf(body['expr']), state);
      case 'PLpgSQL_stmt_return_query':
        return this.#returnQuery(queryOf(body['query']), state);
      case 'PLpgSQL_stmt_return_next':
      case 'PLpgSQL_stmt_getdiag':
        return [{ ...state, named: this.#forgotten(state) }];
      case 'PLpgSQL_stmt_fors':
        return this.#forRows(body, state);
      default:
        return this.#doubt(`a ${kind.replace('PLpgSQL_stmt_', '').toUpperCase()} statement`);
    }
  }

  #doubt(what: string): readonly State[] {
    this.doubts.push(what);
    return [];
  }

  #branch(branches: readonly PlpgsqlBranch[], state: State): readonly State[] {
    const after: State[] = [];
    let rest = state;
    for (const { condition, statements } of branches) {
      if (condition === undefined) return [...after, ...this.statements(statements, [rest])];
      this.#note(`select ${condition}`, rest);
      const truth = asTruth(this.#value(condition, rest));
      after.push(...this.statements(statements, [{ ...rest, when: all([rest.when, truth.t]) }]));
      rest = { ...rest, when: all([rest.when, notTrue(truth)]) };
    }
    return after;
  }

  #return(body: SqlNode, state: State): readonly State[] {
    const variable = body['retvarno'] === undefined ? undefined : this.#names[Number(body['retvarno'])];
    const query = queryOf(body['expr']) || (variable === undefined ? '' : quoteName(variable));
    if (query !== '') this.results.push({ state, value: this.#value(query, state) });
    else this.results.push({ state, value: choice(nothing()) });
    if (query !== '') this.#note(`select ${query}`, state);
    return [];
  }

  #note(query: string, state: State): SqlNode | undefined {
    const statement = parsed(query);
    if (statement === undefined) this.doubts.push(`the statement ${query.slice(0, 40)}`);
    else this.steps.push({ statement, state, scope: this.#scopeIn(state) });
    return statement;
  }

  #perform(query: string, state: State): readonly State[] {
    const statement = this.#note(query, state);
    const select = record(statement?.['SelectStmt']);
    if (statement === undefined || list(select['fromClause']).length === 0) {
      const when = all([state.when, ...targetsOfSelect(select).map(target => this.#returned(target, state))]);
      return [{ ...state, when, named: new Map([...state.named, ['found', yes]]) }];
    }
    return this.#branches(this.#encoder.select(select, this.#scopeIn(state)), [], state);
  }

  #returned(expression: SqlNode, state: State): string {
    return returned(this.#encoder, expression, this.#scopeIn(state));
  }

  #execute(body: SqlNode, state: State): readonly State[] {
    const query = queryOf(body['sqlstmt']);
    const statement = this.#note(query, state);
    if (statement === undefined) return [];
    const names = targetsOf(body);
    if (statement['SelectStmt'] === undefined) {
      // What a change gives back, and whether it found rows, is not followed.
      const unclear = ['found', ...names].map(
        name => [name, unknown(this.#encoder, 'what a change gives', this.#scopeIn(state))] as const,
      );
      return [{ ...state, named: new Map([...state.named, ...unclear]) }];
    }
    return this.#branches(this.#encoder.select(record(statement['SelectStmt']), this.#scopeIn(state)), names, state);
  }

  /** One way for each arm that has a row, one for none. */
  #branches(arms: readonly Arm[], names: readonly string[], state: State): readonly State[] {
    const found = arms.map(arm => ({
      variables: [...state.variables, ...arm.variables],
      when: all([state.when, arm.condition.t]),
      named: assigned(state, names, arm, yes),
    }));
    const none = all(arms.map(arm => every(arm.variables, notTrue(arm.condition))));
    return [...found, { ...state, when: all([state.when, none]), named: assigned(state, names, undefined, no) }];
  }

  #assign(query: string, state: State): readonly State[] {
    const match = /^\s*"?([\w.]+)"?\s*:?=\s*([\s\S]*)$/.exec(query);
    const [, name, value] = match ?? [];
    if (name === undefined || value === undefined) return this.#doubt(`the assignment ${query.slice(0, 40)}`);
    const [target = {}] = targetsOfSelect(record(this.#note(`select ${value}`, state)?.['SelectStmt']));
    const when = all([state.when, this.#returned(target, state)]);
    return [{ ...state, when, named: new Map([...state.named, [name, this.#value(value, state)]]) }];
  }

  #returnQuery(query: string, state: State): readonly State[] {
    const statement = this.#note(query, state);
    if (statement?.['SelectStmt'] !== undefined) {
      for (const arm of this.#encoder.select(record(statement['SelectStmt']), this.#scopeIn(state))) {
        const [target] = arm.targets;
        const reached = {
          ...state,
          variables: [...state.variables, ...arm.variables],
          when: all([state.when, arm.condition.t]),
        };
        this.results.push({ state: reached, value: target?.value ?? choice(nothing()) });
      }
    }
    return [state];
  }

  /** The body runs for any of the rows; afterwards the variables may be anything. */
  #forRows(body: SqlNode, state: State): readonly State[] {
    const statement = this.#note(queryOf(body['query']), state);
    if (statement?.['SelectStmt'] === undefined) return this.#doubt('a loop over something else');
    const [kind, variable] = unwrap(record(body['var']));
    const name = text(variable['refname']);
    const before = { ...state, named: this.#forgotten(state) };
    for (const arm of this.#encoder.select(record(statement['SelectStmt']), this.#scopeIn(before))) {
      const fields = arm.targets.map(
        target => [kind === 'PLpgSQL_rec' ? `${name}.${target.name}` : target.name, target.value] as const,
      );
      this.statements(list(body['body']), [
        {
          variables: [...before.variables, ...arm.variables],
          when: all([before.when, arm.condition.t]),
          named: new Map([...before.named, ...fields]),
        },
      ]);
    }
    return [before];
  }
}

function assigned(
  state: State,
  names: readonly string[],
  arm: Arm | undefined,
  found: Truth,
): ReadonlyMap<string, Value> {
  const [only] = names;
  const isRecord = names.length === 1 && only?.endsWith('.*') === true;
  const values: (readonly [string, Value])[] = isRecord
    ? (arm?.targets ?? []).map(target => [`${only.slice(0, -2)}.${target.name}`, target.value] as const)
    : names.map((name, index) => [name, arm?.targets[index]?.value ?? choice(nothing())] as const);
  // Of a record that was not found every field is null.
  const kept = isRecord ? [...state.named].filter(([name]) => !name.startsWith(only.slice(0, -1))) : [...state.named];
  return new Map([
    ...kept,
    ...values,
    ['found', found],
    ...(isRecord ? [[only, exactly(arm === undefined ? 'false' : 'true')] as const] : []),
  ]);
}

function targetsOf(body: SqlNode): readonly string[] {
  const target = record(body['target']);
  const row = record(target['PLpgSQL_row']);
  if (row['fields'] !== undefined) return list(row['fields']).map(field => text(record(field)['name']));
  const whole = record(target['PLpgSQL_rec']);
  if (whole['refname'] !== undefined) return [`${text(whole['refname'])}.*`];
  const variable = record(target['PLpgSQL_var']);
  return variable['refname'] === undefined ? [] : [text(variable['refname'])];
}

function datumName(datum: unknown): string {
  const [, body] = unwrap(record(datum));
  return text(body['refname']);
}

/** The expressions that a query gives. */
function targetsOfSelect(select: SqlNode): readonly SqlNode[] {
  return list(select['targetList']).map(target => record(record(record(target)['ResTarget'])['val']));
}

function parsed(query: string): SqlNode | undefined {
  try {
    return parseSql(query)[0];
  } catch {
    return undefined;
  }
}

import { patternParameters, type BuildManifests, type BuildRoute } from '../../collect/runtime/manifests.ts';
import type { Field } from '../../collect/runtime/field-shape.ts';
import type { RequestShape, ShapeReader } from '../../collect/runtime/request-shape.ts';
import type { JudgedPath } from '../../checks/check.ts';
import type { EntryPoint } from '../../core/path.ts';
import type { AppModel } from '../../model/app/types.ts';
import type { DatabaseModel } from '../../model/database/types.ts';
import type { TenancyModel } from '../../model/tenancy/types.ts';
import type { Seed } from '../exploit/seed-types.ts';
import { roleOf, snake, tableBeforeSegment, tablesNamedIn, type FieldRole, type RoleContext } from './field-roles.ts';
import { identityValue, isIdentity, plainValue, type Choice, type ValueContext } from './field-values.ts';
import type { PrincipalName } from './principals.ts';
import { preparationsFor } from './preparations.ts';
import type { Preparation, ReplayStep, ReplayValue } from './replay.ts';
import { membershipTables } from '../../model/tenancy/memberships.ts';

/** What planning reads. */
export interface PlanInput {
  readonly app: AppModel;
  readonly paths: readonly JudgedPath[];
  readonly database: DatabaseModel;
  readonly tenancy: TenancyModel;
  readonly seed: Seed;
  readonly manifests: BuildManifests;
  readonly shapes: ShapeReader;
}

/** One value of the request with what it stands for. */
export interface PlannedField {
  readonly location: 'params' | 'query' | 'headers' | 'body' | 'arguments' | 'input';
  readonly field: Field;
  readonly role: FieldRole;
  /** For a field inside an object argument of an action: which argument. */
  readonly argument?: number;
}

/** One entry point with everything needed to ask it. */
export interface Target {
  readonly entryPoint: EntryPoint;
  readonly how: 'route' | 'page' | 'action' | 'form' | 'tool' | 'webhook' | 'cron';
  readonly method: string;
  readonly route: BuildRoute | undefined;
  readonly fields: readonly PlannedField[];
  readonly shape: RequestShape;
  readonly tables: readonly string[];
  readonly paths: readonly JudgedPath[];
  /** What rows must hold for its requests to matter. */
  readonly prepare: readonly Preparation[];
  /** For an action: file#export of the manifest. */
  readonly action?: string;
  /** For a tool: the body that runs it. */
  readonly tool?: { readonly nameField: string; readonly inputField: string; readonly name: string };
  /** Changes rows when it works. */
  readonly writes: boolean;
}

/** An entry point that the probe cannot ask, with the reason. */
export interface Unreachable {
  readonly entryPoint: string;
  readonly reason: string;
}

/** Every entry point of the app that the build carries, with its fields; and those that cannot be asked. */
export function planTargets(input: PlanInput): {
  readonly targets: readonly Target[];
  readonly unreachable: readonly Unreachable[];
} {
  const planned = input.app.entryPoints.map(entryPoint => planOne(input, entryPoint));
  return {
    targets: planned.flatMap(item => ('reason' in item ? [] : [item])),
    unreachable: planned.flatMap(item => ('reason' in item ? [item] : [])),
  };
}

function planOne(input: PlanInput, entryPoint: EntryPoint): Target | Unreachable {
  switch (entryPoint.kind) {
    case 'route-handler':
    case 'api-route':
    case 'webhook':
    case 'cron':
      return planRoute(input, entryPoint);
    case 'page':
    case 'metadata':
      return planPage(input, entryPoint);
    case 'server-action':
      return planAction(input, entryPoint);
    case 'tool':
      return planTool(input, entryPoint);
    case 'job':
      return { entryPoint: entryPoint.name, reason: 'a job has no address: it runs when the app hands it something' };
    case 'procedure':
      return { entryPoint: entryPoint.name, reason: 'procedures are not called yet' };
    case 'layout':
      return {
        entryPoint: entryPoint.name,
        reason: 'a layout has no address of its own: it is asked with every page below it',
      };
    case 'static-params':
      return { entryPoint: entryPoint.name, reason: 'runs while the app is built, for nobody' };
    case 'proxy':
      return { entryPoint: entryPoint.name, reason: 'runs before every request and has no address of its own' };
  }
}

function planRoute(input: PlanInput, entryPoint: EntryPoint): Target | Unreachable {
  const pattern = entryPoint.route ?? entryPoint.name.split(' ')[1] ?? '';
  const route = input.manifests.routes.find(candidate => candidate.pattern === pattern && candidate.kind !== 'page');
  if (route === undefined) return { entryPoint: entryPoint.name, reason: `the build has no route ${pattern}` };
  if (/\[\.\.\./.test(pattern) && /auth/.test(pattern))
    return { entryPoint: entryPoint.name, reason: 'belongs to the auth library; it is used to sign in' };
  const shape = input.shapes.read(entryPoint.file, entryPoint.kind === 'api-route' ? 'default' : entryPoint.symbol);
  const method =
    entryPoint.kind === 'api-route'
      ? shape.body === undefined
        ? 'GET'
        : 'POST'
      : (entryPoint.method ?? entryPoint.name.split(' ')[0] ?? 'GET');
  const webhook =
    entryPoint.kind === 'webhook' ||
    (method === 'POST' && shape.eventTypes.length > 0 && /webhook|stripe/i.test(pattern));
  const how = webhook ? 'webhook' : entryPoint.kind === 'cron' || /\/cron\//.test(pattern) ? 'cron' : 'route';
  const context = roleContext(input, entryPoint, pattern);
  const reads = method === 'GET' || method === 'HEAD';
  const fields = [
    ...pathFields(route, context),
    ...shape.query.map(field => planned('query', field, context)),
    ...shape.headers.map(field => planned('headers', field, context)),
    ...(reads ? [] : ownBodyFields(input, entryPoint, shape).map(field => planned('body', field, context))),
  ];
  return {
    entryPoint,
    how,
    method,
    route,
    fields,
    shape,
    tables: context.tables,
    paths: context.paths,
    prepare: preparationsFor(context.paths, input),
    writes: !reads,
  };
}

/** A route that runs tools by name is asked for them tool by tool; what is left is its own body. */
function ownBodyFields(input: PlanInput, entryPoint: EntryPoint, shape: RequestShape): readonly Field[] {
  const fields = shape.body?.fields ?? [];
  const runs = toolRunner(shape);
  const hasTools = input.app.entryPoints.some(
    other => other.kind === 'tool' && shape.files.includes(other.file) && other.file !== entryPoint.file,
  );
  return runs === undefined || !hasTools
    ? fields
    : fields.filter(field => field.name !== runs.nameField && field.name !== runs.inputField);
}

function toolRunner(shape: RequestShape): { readonly nameField: string; readonly inputField: string } | undefined {
  const nameField = shape.body?.fields.find(field => /tool/i.test(field.name) && field.shape.kind !== 'object')?.name;
  const inputField = shape.body?.fields.find(field =>
    /^(?:input|args|arguments|params|parameters)$/i.test(field.name),
  )?.name;
  return nameField === undefined || inputField === undefined ? undefined : { nameField, inputField };
}

function planPage(input: PlanInput, entryPoint: EntryPoint): Target | Unreachable {
  const pattern = entryPoint.route ?? entryPoint.name.split(' ')[1] ?? '';
  const route = input.manifests.routes.find(
    candidate => candidate.pattern === pattern && (candidate.kind === 'page' || candidate.kind === 'pages-page'),
  );
  if (route === undefined) return { entryPoint: entryPoint.name, reason: `the build has no page ${pattern}` };
  const shape = input.shapes.read(entryPoint.file, entryPoint.kind === 'metadata' ? entryPoint.symbol : 'default');
  const context = roleContext(input, entryPoint, pattern);
  const fields = [...pathFields(route, context), ...shape.query.map(field => planned('query', field, context))];
  return {
    entryPoint,
    how: 'page',
    method: 'GET',
    route,
    fields,
    shape,
    tables: context.tables,
    paths: context.paths,
    prepare: preparationsFor(context.paths, input),
    writes: false,
  };
}

function planAction(input: PlanInput, entryPoint: EntryPoint): Target | Unreachable {
  const inline = input.shapes.inlineActions(entryPoint.file).indexOf(entryPoint.symbol);
  const exportedName = inline < 0 ? entryPoint.symbol : `$$RSC_SERVER_ACTION_${inline}`;
  const action = input.manifests.actions.find(
    candidate => candidate.file === entryPoint.file && candidate.exportedName === exportedName,
  );
  if (action === undefined)
    return { entryPoint: entryPoint.name, reason: 'the build does not carry this action: nothing imports its file' };
  const shape = input.shapes.read(entryPoint.file, exportedName);
  const context = roleContext(input, entryPoint, `${entryPoint.file} ${snake(entryPoint.symbol)}`);
  const page = action.routes
    .map(pattern => input.manifests.routes.find(route => route.pattern === pattern && route.kind === 'page'))
    .find(route => route !== undefined);
  const usesForm = shape.body?.type === 'form';
  const common = {
    entryPoint,
    method: 'POST',
    shape,
    tables: context.tables,
    paths: context.paths,
    prepare: preparationsFor(context.paths, input),
    action: `${entryPoint.file}#${exportedName}`,
    writes: true,
  } as const;
  if (inline >= 0 && page !== undefined) {
    const pathContext = roleContext(input, entryPoint, page.pattern);
    const fields = [
      ...pathFields(page, pathContext),
      ...(shape.body?.fields ?? []).map(field => planned('body', field, context)),
    ];
    return { ...common, how: 'form', route: page, fields };
  }
  const fields = usesForm
    ? shape.body.fields.map(field => planned('body', field, context))
    : shape.arguments.flatMap((field, index) => argumentFields(field, index, context));
  return { ...common, how: 'action', route: page, fields };
}

function argumentFields(field: Field, index: number, context: RoleContext): readonly PlannedField[] {
  if (field.shape.kind !== 'object') return [{ ...planned('arguments', field, context), argument: index }];
  return field.shape.fields.map(inner => ({ ...planned('arguments', inner, context), argument: index }));
}

function planTool(input: PlanInput, entryPoint: EntryPoint): Target | Unreachable {
  const name = entryPoint.symbol;
  for (const runner of input.app.entryPoints) {
    if (runner.method !== 'POST' || (runner.kind !== 'route-handler' && runner.kind !== 'api-route')) continue;
    const shape = input.shapes.read(runner.file, runner.symbol);
    const runs = toolRunner(shape);
    const route = input.manifests.routes.find(candidate => candidate.pattern === runner.route);
    if (runs === undefined || route === undefined || !shape.files.includes(entryPoint.file)) continue;
    const context = roleContext(input, entryPoint, snake(name));
    const fields = input.shapes.readTool(entryPoint.file, name).map(field => planned('input', field, context));
    return {
      entryPoint,
      how: 'tool',
      method: 'POST',
      route,
      fields,
      shape,
      tables: context.tables,
      paths: context.paths,
      prepare: preparationsFor(context.paths, input),
      tool: { ...runs, name },
      writes: true,
    };
  }
  return { entryPoint: entryPoint.name, reason: 'no route runs this tool by name with an input from the request' };
}

function roleContext(input: PlanInput, entryPoint: EntryPoint, text: string): RoleContext {
  const paths = input.paths.filter(path => path.entryPoint.name === entryPoint.name);
  const sinks = paths
    .map(path => path.sink.table)
    .filter(
      table =>
        table !== input.tenancy.principal?.table &&
        !membershipTables(input.tenancy).some(entry => entry.table === table),
    );
  return {
    database: input.database,
    tenancy: input.tenancy,
    paths,
    tables: [...new Set([...sinks, ...tablesNamedIn(text, input.database)])],
    text,
  };
}

function pathFields(route: BuildRoute, context: RoleContext): readonly PlannedField[] {
  return patternParameters(route.pattern).map(name => {
    const before = tableBeforeSegment(route.pattern, name, context.database);
    const tables = before === undefined ? context.tables : [before, ...context.tables];
    return planned('params', { name, shape: { kind: 'string', optional: false } }, { ...context, tables });
  });
}

function planned(location: PlannedField['location'], field: Field, context: RoleContext): PlannedField {
  return { location, field, role: roleOf(field, context) };
}

/** Which tenant's value each field carries. */
export type Assignment = (field: PlannedField) => Choice;

/** The request of a target under an assignment; `undefined` when a needed value does not exist. */
export function buildStep(
  target: Target,
  as: PrincipalName,
  assign: Assignment,
  context: ValueContext,
): ReplayStep | undefined {
  const values = new Map<PlannedField, ReplayValue>();
  for (const field of target.fields) {
    const value =
      field.role.kind === 'credential'
        ? credentialOf(field.role, as)
        : valueOf(field, choiceOf(target, field, as, assign), context);
    if (value.kind === 'impossible') return undefined;
    if (value.kind === 'value') values.set(field, value.value);
  }
  const at = (location: PlannedField['location']): Readonly<Record<string, ReplayValue>> =>
    Object.fromEntries(
      target.fields.flatMap(field =>
        field.location === location && values.has(field) ? [[field.field.name, values.get(field) ?? null]] : [],
      ),
    );
  if (target.how === 'action')
    return { kind: 'action', as, action: target.action ?? '', arguments: actionArguments(target, values) };
  const pattern = target.route?.pattern ?? '/';
  if (target.how === 'form')
    return {
      kind: 'form',
      as,
      pageAs: /^[ABC]\./.test(as) ? as : 'A.users.0',
      action: target.action ?? '',
      pattern,
      params: at('params'),
      fields: at('body'),
    };
  const body =
    target.tool === undefined
      ? bodyOf(target, at('body'))
      : {
          body: {
            type: 'json' as const,
            value: { [target.tool.nameField]: target.tool.name, [target.tool.inputField]: at('input') },
          },
        };
  return {
    kind: 'http',
    as,
    method: target.method,
    pattern,
    params: at('params'),
    query: at('query'),
    headers: at('headers'),
    ...body,
  };
}

function bodyOf(
  target: Target,
  value: Readonly<Record<string, ReplayValue>>,
): { readonly body?: { readonly type: 'json' | 'multipart'; readonly value: ReplayValue } } {
  if (/^(?:GET|HEAD)$/.test(target.method) || (target.method === 'DELETE' && Object.keys(value).length === 0))
    return {};
  if (target.shape.body?.type === 'form') return { body: { type: 'multipart', value } };
  return { body: { type: 'json', value } };
}

function actionArguments(target: Target, values: ReadonlyMap<PlannedField, ReplayValue>): readonly ReplayValue[] {
  const named = target.fields.flatMap(field =>
    values.has(field) ? [[field, values.get(field) ?? null] as const] : [],
  );
  if (target.shape.body?.type === 'form') {
    const formData = Object.fromEntries(named.map(([field, value]) => [field.field.name, value]));
    // `useActionState` hands the earlier state first.
    return target.shape.arguments.map(field =>
      field.shape.kind === 'form-data' || /form|data/i.test(field.name) ? { formData } : null,
    );
  }
  return target.shape.arguments.map((field, index) => {
    const inside = named.filter(([entry]) => entry.argument === index);
    if (field.shape.kind === 'object')
      return Object.fromEntries(inside.map(([entry, value]) => [entry.field.name, value]));
    return inside[0]?.[1] ?? null;
  });
}

/** What a field carries in one request. */
type Chosen =
  | { readonly kind: 'value'; readonly value: ReplayValue }
  | { readonly kind: 'left-out' }
  /** It must be sent, and nobody of the chosen tenant has such a row. */
  | { readonly kind: 'impossible' };

const leftOut: Chosen = { kind: 'left-out' };

function valueOf(field: PlannedField, choice: Choice, context: ValueContext): Chosen {
  if (choice === 'absent') return leftOut;
  if (field.role.kind === 'plain') {
    // Optional filters of a read are left out; content of a write is sent.
    const filter = field.location === 'query' || field.location === 'headers';
    return filter && field.field.shape.optional
      ? leftOut
      : { kind: 'value', value: plainValue(field.field, field.role, context) };
  }
  const value = identityValue(field.role, field.field.shape, choice, context);
  if (value !== undefined) return { kind: 'value', value };
  return field.field.shape.optional ? leftOut : { kind: 'impossible' };
}

/** Secret links are only used by their owners, and a form is taken from a page that its sender may see. */
function choiceOf(target: Target, field: PlannedField, as: PrincipalName, assign: Assignment): Choice {
  return field.role.kind === 'capability' || (target.how === 'form' && field.location === 'params')
    ? tenantOf(as)
    : assign(field);
}

/** Whoever knows a secret link may use it: everybody sends only their own. */
function tenantOf(as: PrincipalName): Choice {
  const letter = as.slice(0, 1);
  return letter === 'B' || letter === 'C' ? letter : 'A';
}

/** The key of the caller's own tenant: nobody else's is ever sent. */
function credentialOf(role: Extract<FieldRole, { kind: 'credential' }>, as: PrincipalName): Chosen {
  return /^[ABC]\./.test(as)
    ? { kind: 'value', value: [role.scheme, { ref: `credential.${as.slice(0, 1)}` }] }
    : leftOut;
}

/** One way to attack a target. */
export interface Variant {
  readonly id: string;
  readonly assign: Assignment;
  /** In words, after `with`. */
  readonly words: string;
}

/** The assignments worth trying with another tenant's values, the most telling first. */
export function foreignVariants(target: Target): readonly Variant[] {
  const identities = target.fields.filter(
    field => isIdentity(field.role) && !(target.how === 'form' && field.location === 'params'),
  );
  const objects = identities.filter(field => field.role.kind === 'object');
  const scopes = identities.filter(field => field.role.kind !== 'object');
  const variants: Variant[] = [];
  if (identities.length > 0)
    variants.push({ id: 'all-foreign', assign: () => 'B', words: `${nouns(identities)} of B` });
  if (objects.length > 0 && scopes.length > 0) {
    variants.push({
      id: 'object-foreign',
      assign: field => (objects.includes(field) ? 'B' : 'A'),
      words: `${nouns(objects)} of B and ${nouns(scopes)} of A`,
    });
    variants.push({
      id: 'scope-foreign',
      assign: field => (scopes.includes(field) ? 'B' : 'A'),
      words: `${nouns(scopes)} of B and ${nouns(objects)} of A`,
    });
  }
  if (objects.length > 1) {
    for (const one of objects)
      variants.push({
        id: `foreign-${one.field.name}`,
        assign: field => (field === one ? 'B' : 'A'),
        words: `${nouns([one])} of B and everything else of A`,
      });
  }
  const optional = identities.filter(
    field => field.location !== 'params' && (field.field.shape.optional || field.role.kind === 'tenant'),
  );
  for (const one of optional) {
    variants.push({
      id: `without-${one.field.name}`,
      assign: field => (field === one ? 'absent' : 'B'),
      words: `${nouns(identities.filter(field => field !== one)) || 'nothing'} of B and without ${one.field.name}`,
    });
  }
  return variants;
}

function nouns(fields: readonly PlannedField[]): string {
  return fields.map(field => field.field.name).join(', ');
}

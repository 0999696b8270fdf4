import { argumentsOf, identifierName, isNode, list, memberPath, nodesIn, property, text, type Node } from './syntax.ts';
import { createModuleLoader, type LoadedModule, type ModuleLoader } from './modules.ts';
import { shapeOfSchema, shapeOfType, type Field, type FieldShape } from './field-shape.ts';

/** What one entry point reads from a request, as far as its source says so. A reader for planning requests, not for judging. */
export interface RequestShape {
  readonly query: readonly Field[];
  readonly headers: readonly Field[];
  readonly body: { readonly type: 'json' | 'form' | 'text'; readonly fields: readonly Field[] } | undefined;
  /** Arguments of a server action or tool, in order. */
  readonly arguments: readonly Field[];
  /** String literals that look like event types: `invoice.paid`. */
  readonly eventTypes: readonly string[];
  /** Names read from a `metadata` object. */
  readonly metadata: readonly string[];
  /** Files of the app that it reaches by imports, itself first, a few levels deep. */
  readonly files: readonly string[];
}

/** Where to look. */
export interface ShapeReader {
  /** The shape of one exported function (or of the n-th inline action, `$$RSC_SERVER_ACTION_n`). */
  read(file: string, symbol: string): RequestShape;
  /** The input of a tool (`tool({ inputSchema, execute })`) by name. */
  readTool(file: string, name: string): readonly Field[];
  /** Names of functions marked 'use server' inside others, in source order. */
  inlineActions(file: string): readonly string[];
}

const empty: RequestShape = {
  query: [],
  headers: [],
  body: undefined,
  arguments: [],
  eventTypes: [],
  metadata: [],
  files: [],
};
const deepestHelper = 2;

/** Reads request shapes from the sources of an app; every file is parsed once. */
export function createShapeReader(appRoot: string): ShapeReader {
  const loader = createModuleLoader(appRoot);
  return {
    read: (file, symbol) => readShape(loader, file, symbol),
    readTool: (file, name) => readTool(loader, file, name),
    inlineActions: file => {
      const module = loader.load(file);
      return module === undefined ? [] : inlineFunctions(module).map(found => found.name);
    },
  };
}

function readShape(loader: ModuleLoader, file: string, symbol: string): RequestShape {
  const module = loader.load(file);
  if (module === undefined) return empty;
  const inline = /^\$\$RSC_SERVER_ACTION_(\d+)$/.exec(symbol);
  const node =
    inline === null
      ? (loader.exported(module, symbol) ?? inlineFunctions(module).find(found => found.name === symbol))
      : inlineFunctions(module)[Number(inline[1])];
  if (node === undefined) return { ...empty, files: loader.reached(module) };
  return scan(loader, node.module, node.node);
}

interface Located {
  readonly name: string;
  readonly module: LoadedModule;
  readonly node: Node;
}

function inlineFunctions(module: LoadedModule): readonly Located[] {
  const named = new Map<Node, string>();
  for (const node of nodesIn(module.program)) {
    if (node.type === 'VariableDeclarator' && isNode(node['init']))
      named.set(node['init'], identifierName(node['id']) ?? '');
    if (node.type === 'Property' && isNode(node['value'])) named.set(node['value'], identifierName(node['key']) ?? '');
  }
  return nodesIn(module.program)
    .filter(node => /Function/.test(node.type) && hasDirective(node, 'use server'))
    .map(node => ({ name: identifierName(node['id']) ?? named.get(node) ?? '', module, node }));
}

function hasDirective(node: Node, directive: string): boolean {
  const body = property(node, 'body');
  return list(body?.['body']).some(
    statement => statement.type === 'ExpressionStatement' && text(property(statement, 'expression')) === directive,
  );
}

/** Everything collected while scanning one entry point. */
interface Found {
  readonly query: Map<string, Field>;
  readonly headers: Map<string, Field>;
  readonly body: Map<string, Field>;
  readonly form: Map<string, Field>;
  readonly events: Set<string>;
  readonly metadata: Set<string>;
  readonly arguments: Field[];
  readsJson: boolean;
  readsText: boolean;
}

function scan(loader: ModuleLoader, module: LoadedModule, root: Node): RequestShape {
  const found: Found = {
    query: new Map(),
    headers: new Map(),
    body: new Map(),
    form: new Map(),
    events: new Set(),
    metadata: new Set(),
    arguments: [],
    readsJson: false,
    readsText: false,
  };
  const handler = innermostFunction(root);
  found.arguments.push(...parametersOf(loader, module, root, handler));
  scanFunction({ loader, module, found, seen: new Set() }, root, 0);
  const files = loader.reached(module);
  for (const file of files.slice(0, 12)) collectLiterals(loader.load(file), found);
  return {
    query: [...found.query.values()],
    headers: [...found.headers.values()],
    body: bodyOf(found),
    arguments: found.arguments,
    eventTypes: [...found.events].sort(),
    metadata: [...found.metadata].sort(),
    files,
  };
}

function bodyOf(found: Found): RequestShape['body'] {
  if (found.form.size > 0) return { type: 'form', fields: [...found.form.values()] };
  if (found.readsJson || found.body.size > 0) return { type: 'json', fields: [...found.body.values()] };
  return found.readsText ? { type: 'text', fields: [] } : undefined;
}

interface Scan {
  readonly loader: ModuleLoader;
  readonly module: LoadedModule;
  readonly found: Found;
  readonly seen: Set<Node>;
}

type Origin = 'query' | 'form' | 'json' | 'headers' | 'text' | { readonly argument: string };

function scanFunction(scanning: Scan, root: Node, depth: number): void {
  if (scanning.seen.has(root)) return;
  scanning.seen.add(root);
  const nodes = nodesIn(root);
  const origins = originsIn(nodes);
  for (const node of nodes) {
    if (node.type === 'CallExpression') readCall(scanning, node, origins, depth);
    if (node.type === 'MemberExpression') readMember(scanning, node, origins);
    if (node.type === 'VariableDeclarator') readDestructuring(scanning, node, origins);
    if (/Function/.test(node.type)) readParameters(scanning, node);
  }
}

/** Local names that stand for a part of the request. Two passes: a name may be made from one found in the first. */
function originsIn(nodes: readonly Node[]): ReadonlyMap<string, Origin> {
  const origins = new Map<string, Origin>();
  for (let pass = 0; pass < 2; pass += 1) {
    for (const node of nodes) {
      if (node.type !== 'VariableDeclarator' || !isNode(node['init']) || !isNode(node['id'])) continue;
      const origin = originOf(node['init'], origins);
      if (node['id'].type === 'Identifier' && origin !== undefined)
        origins.set(identifierName(node['id']) ?? '', origin);
      if (node['id'].type === 'ObjectPattern') {
        for (const name of patternNames(node['id'])) if (name === 'searchParams') origins.set(name, 'query');
      }
    }
  }
  return origins;
}

function originOf(node: Node, origins: ReadonlyMap<string, Origin>): Origin | undefined {
  if (
    node.type === 'AwaitExpression' ||
    node.type === 'TSAsExpression' ||
    node.type === 'TSNonNullExpression' ||
    node.type === 'ChainExpression'
  ) {
    const inner = property(node, node.type === 'AwaitExpression' ? 'argument' : 'expression');
    return inner === undefined ? undefined : originOf(inner, origins);
  }
  if (node.type === 'LogicalExpression') return originOf(property(node, 'left') ?? node, origins);
  if (node.type === 'Identifier')
    return origins.get(identifierName(node) ?? '') ?? (identifierName(node) === 'searchParams' ? 'query' : undefined);
  const path = memberPath(node.type === 'CallExpression' ? property(node, 'callee') : node);
  const last = path.at(-1) ?? '';
  if (node.type === 'CallExpression') {
    if (last === 'json' && path.length > 1) return 'json';
    if (last === 'formData' && path.length > 1) return 'form';
    if (last === 'text' && path.length > 1) return 'text';
    if (path.join('.') === 'headers') return 'headers';
    if (last === 'fromEntries' || path.join('.') === 'JSON.parse' || last === 'catch' || last === 'then') {
      const inner =
        last === 'fromEntries' || last === 'parse'
          ? argumentsOf(node)[0]
          : property(property(node, 'callee'), 'object');
      const origin = inner === undefined ? undefined : originOf(inner, origins);
      return origin === 'text' ? 'json' : origin;
    }
    if (last === 'entries') return originOf(property(property(node, 'callee'), 'object') ?? node, origins);
    return undefined;
  }
  if (node.type === 'NewExpression') return identifierName(node['callee']) === 'URLSearchParams' ? 'query' : undefined;
  if (last === 'searchParams' || (last === 'query' && /^(?:req|request)$/.test(path[0] ?? ''))) return 'query';
  if (last === 'headers') return 'headers';
  if (last === 'body' && /^(?:req|request)$/.test(path[0] ?? '')) return 'json';
  return undefined;
}

function readCall(scanning: Scan, node: Node, origins: ReadonlyMap<string, Origin>, depth: number): void {
  const callee = property(node, 'callee');
  const method = memberPath(callee).at(-1) ?? '';
  const receiver = property(callee, 'object');
  const [first] = argumentsOf(node);
  const name = first === undefined ? undefined : text(first);
  if (method === 'json' && argumentsOf(node).length === 0 && receiver !== undefined) scanning.found.readsJson = true;
  if (method === 'text' && argumentsOf(node).length === 0 && receiver !== undefined) scanning.found.readsText = true;
  if (/^(?:get|getAll|has)$/.test(method) && receiver !== undefined && name !== undefined) {
    addByOrigin(scanning.found, originOf(receiver, origins) ?? originByName(receiver), {
      name,
      shape: { kind: 'unknown', optional: true },
    });
  }
  if (
    /^(?:safe)?parse(?:Async)?$/i.test(method) &&
    receiver !== undefined &&
    first !== undefined &&
    memberPath(callee).join('.') !== 'JSON.parse'
  ) {
    readSchema(scanning, receiver, first, origins);
  }
  if (depth < deepestHelper) followHelper(scanning, node, origins, depth);
}

/** A form or headers received as a parameter goes by its usual name. */
function originByName(receiver: Node): Origin | undefined {
  const name = memberPath(receiver).at(-1) ?? identifierName(receiver) ?? '';
  if (/^(?:formData|form|fd)$/i.test(name)) return 'form';
  if (/searchParams$/i.test(name)) return 'query';
  if (/headers$/i.test(name)) return 'headers';
  return undefined;
}

function readSchema(scanning: Scan, schema: Node, argument: Node, origins: ReadonlyMap<string, Origin>): void {
  const shape = shapeOfSchema(scanning.loader, scanning.module, schema);
  if (shape === undefined) return;
  const origin = originOf(argument, origins);
  const argumentName = identifierName(argument);
  const position = scanning.found.arguments.findIndex(field => field.name === argumentName);
  if (origin === undefined && position >= 0 && argumentName !== undefined) {
    scanning.found.arguments[position] = { name: argumentName, shape };
    return;
  }
  const key = memberPath(argument);
  const target =
    origin ?? (key.length > 1 ? originOfRoot(argument, origins) : undefined) ?? objectOrigin(argument, origins);
  if (shape.kind === 'object') for (const field of shape.fields) addByOrigin(scanning.found, target ?? 'json', field);
  else if (key.length > 1) addByOrigin(scanning.found, target, { name: key.at(-1) ?? '', shape });
}

/** `schema.parse({ a: form.get('a') })`: the fields come from where their values come from. */
function objectOrigin(argument: Node, origins: ReadonlyMap<string, Origin>): Origin | undefined {
  if (argument.type !== 'ObjectExpression') return undefined;
  for (const node of nodesIn(argument)) {
    if (node.type !== 'CallExpression') continue;
    const receiver = property(property(node, 'callee'), 'object');
    const origin = receiver === undefined ? undefined : (originOf(receiver, origins) ?? originByName(receiver));
    if (origin !== undefined) return origin;
  }
  return undefined;
}

function originOfRoot(node: Node, origins: ReadonlyMap<string, Origin>): Origin | undefined {
  return origins.get(memberPath(node)[0] ?? '');
}

function readMember(scanning: Scan, node: Node, origins: ReadonlyMap<string, Origin>): void {
  const object = property(node, 'object');
  const name = node['computed'] === true ? text(property(node, 'property')) : identifierName(node['property']);
  if (object === undefined || name === undefined) return;
  if (/^metadata$/.test(memberPath(object).at(-1) ?? '')) scanning.found.metadata.add(name);
  const origin = originOf(object, origins);
  if (origin === 'json' && !/^(?:success|data|error|catch|then|get|set)$/.test(name))
    addByOrigin(scanning.found, 'json', { name, shape: { kind: 'unknown', optional: true } });
  if (
    origin === 'query' &&
    !/^(?:get|getAll|has|entries|keys|values|forEach|toString|append|set|delete|size|then|catch)$/.test(name)
  ) {
    addByOrigin(scanning.found, 'query', { name, shape: { kind: 'unknown', optional: true } });
  }
}

function readDestructuring(scanning: Scan, node: Node, origins: ReadonlyMap<string, Origin>): void {
  const pattern = property(node, 'id');
  const init = property(node, 'init');
  if (pattern?.type !== 'ObjectPattern' || init === undefined) return;
  const origin = originOf(init, origins);
  const asserted = nodesIn(init).find(inner => inner.type === 'TSAsExpression');
  const shape =
    asserted === undefined
      ? undefined
      : shapeOfType(scanning.loader, scanning.module, property(asserted, 'typeAnnotation'));
  const typed = new Map((shape?.kind === 'object' ? shape.fields : []).map(field => [field.name, field]));
  for (const name of patternNames(pattern))
    addByOrigin(scanning.found, origin, typed.get(name) ?? { name, shape: { kind: 'unknown', optional: true } });
  if ((memberPath(init).at(-1) ?? '').endsWith('metadata'))
    for (const name of patternNames(pattern)) scanning.found.metadata.add(name);
}

/** `searchParams: Promise<{ q?: string }>` in the props of a page. */
function readParameters(scanning: Scan, node: Node): void {
  for (const parameter of list(node['params'])) {
    for (const inner of nodesIn(parameter)) {
      if (inner.type !== 'TSPropertySignature' || identifierName(inner['key']) !== 'searchParams') continue;
      for (const signature of nodesIn(property(inner, 'typeAnnotation') ?? inner)) {
        if (signature.type !== 'TSPropertySignature' || signature === inner) continue;
        const name = identifierName(signature['key']) ?? text(property(signature, 'key'));
        if (name !== undefined)
          addByOrigin(scanning.found, 'query', { name, shape: { kind: 'unknown', optional: true } });
      }
    }
  }
}

function followHelper(scanning: Scan, node: Node, origins: ReadonlyMap<string, Origin>, depth: number): void {
  const callee = property(node, 'callee');
  const name = callee?.type === 'Identifier' ? identifierName(callee) : undefined;
  if (name === undefined) return;
  const passes = argumentsOf(node).some(argument => {
    const given = identifierName(argument) ?? '';
    return /^(?:req|request|_request|searchParams|formData|form|body)$/.test(given) || origins.has(given);
  });
  if (!passes) return;
  const target = scanning.loader.declared(scanning.module, name);
  if (target !== undefined) scanFunction({ ...scanning, module: target.module }, target.node, depth + 1);
}

function addByOrigin(found: Found, origin: Origin | undefined, field: Field): void {
  if (origin === undefined || typeof origin === 'object' || origin === 'text') return;
  const target = { query: found.query, form: found.form, json: found.body, headers: found.headers }[origin];
  if (
    origin === 'headers' &&
    !/^x-|^(?:organi[sz]ation|tenant|team|workspace)|^authorization$|^api-?key$/i.test(field.name)
  )
    return;
  const known = target.get(field.name);
  if (known === undefined || known.shape.kind === 'unknown') target.set(field.name, field);
}

function parametersOf(
  loader: ModuleLoader,
  module: LoadedModule,
  root: Node,
  handler: Node | undefined,
): readonly Field[] {
  const schema = root.type === 'CallExpression' ? builderSchema(loader, module, root) : undefined;
  if (schema !== undefined) return [{ name: 'input', shape: schema }];
  return list(handler?.['params']).map((parameter, index) => {
    const target = parameter.type === 'AssignmentPattern' ? (property(parameter, 'left') ?? parameter) : parameter;
    const shape = shapeOfType(loader, module, property(property(target, 'typeAnnotation'), 'typeAnnotation'));
    const named = identifierName(target) ?? `argument${index}`;
    const optional = parameter.type === 'AssignmentPattern' || target['optional'] === true || shape?.optional === true;
    return { name: named, shape: { ...(shape ?? patternShape(target)), optional } };
  });
}

function patternShape(target: Node): FieldShape {
  if (target.type !== 'ObjectPattern') return { kind: 'unknown', optional: false };
  return {
    kind: 'object',
    optional: false,
    fields: patternNames(target).map(name => ({ name, shape: { kind: 'unknown', optional: true } })),
  };
}

/** `action(schema, async input => …)` and `client.inputSchema(schema).action(async …)`: the schema is the argument. */
function builderSchema(loader: ModuleLoader, module: LoadedModule, call: Node): FieldShape | undefined {
  for (const node of nodesIn(call)) {
    if (node.type !== 'CallExpression') continue;
    for (const argument of argumentsOf(node)) {
      if (/Function/.test(argument.type)) continue;
      const shape = shapeOfSchema(loader, module, argument);
      if (shape?.kind === 'object') return shape;
    }
    if (/Function/.test(node.type)) return undefined;
  }
  return undefined;
}

function innermostFunction(root: Node): Node | undefined {
  return /Function/.test(root.type) ? root : nodesIn(root).find(node => /Function/.test(node.type));
}

function patternNames(pattern: Node): readonly string[] {
  return list(pattern['properties']).flatMap(entry => identifierName(entry['key']) ?? []);
}

function collectLiterals(module: LoadedModule | undefined, found: Found): void {
  if (module === undefined) return;
  for (const node of nodesIn(module.program)) {
    const literal = text(node);
    if (
      literal !== undefined &&
      /^(?:account|charge|checkout|customer|invoice|invoiceitem|payment_intent|payment_method|price|product|setup_intent|subscription_schedule)(?:\.[a-z_]+)+$/.test(
        literal,
      )
    )
      found.events.add(literal);
    if (
      literal !== undefined &&
      /^(?:customer\.subscription|invoice|checkout\.session|charge|payment_intent)\.$/.test(literal)
    )
      found.events.add(
        `${literal}${literal.startsWith('customer') ? 'updated' : literal.startsWith('invoice') ? 'paid' : literal.startsWith('checkout') ? 'completed' : 'succeeded'}`,
      );
    if (node.type === 'MemberExpression' && memberPath(property(node, 'object')).at(-1) === 'metadata') {
      const name = identifierName(node['property']);
      if (name !== undefined && node['computed'] !== true) found.metadata.add(name);
    }
  }
}

function readTool(loader: ModuleLoader, file: string, name: string): readonly Field[] {
  const module = loader.load(file);
  if (module === undefined) return [];
  for (const node of nodesIn(module.program)) {
    const named =
      node.type === 'Property'
        ? identifierName(node['key'])
        : node.type === 'VariableDeclarator'
          ? identifierName(node['id'])
          : undefined;
    const value = property(node, 'value') ?? property(node, 'init');
    if (named !== name || value?.type !== 'CallExpression') continue;
    const options = argumentsOf(value)[0];
    const schema = list(options?.['properties']).find(entry =>
      /^(?:inputSchema|parameters|schema)$/.test(identifierName(entry['key']) ?? ''),
    );
    const shape = schema === undefined ? undefined : shapeOfSchema(loader, module, property(schema, 'value') ?? schema);
    if (shape?.kind === 'object') return shape.fields;
  }
  return [];
}

import { isProgram } from '../../../../collect/source/files.ts';
import { asClass, type ClassNative } from '../../classes.ts';
import { evaluateModule, exportNames, exportValue } from '../../expressions.ts';
import { library } from '../../library/identity/principal.ts';
import { valueKey } from '../../keys.ts';
import type { Call, Handler, Machine } from '../../machine.ts';
import { undefinedValue, type Value } from '../../value.ts';
import type { EntryAdapter } from '../adapter.ts';
import { noteServer } from '../graphql/index.ts';
import { schemaValue, type Schema } from '../graphql/schema.ts';
import { decoratorHandlers } from './decorators.ts';
import { fieldsOf, isResolver, type Around } from './fields.ts';

function fieldOf(value: Value | undefined, name: string): Value | undefined {
  return value?.kind === 'object' ? value.fields.get(name) : undefined;
}

function flat(value: Value | undefined): readonly Value[] {
  if (value === undefined) return [];
  return value.kind === 'array' ? value.items.flatMap(flat) : [value];
}

/** `buildSchema({ resolvers, authChecker, globalMiddlewares })`. */
function schemaFrom(call: Call): Schema {
  const [options] = call.arguments;
  const { machine } = call;
  const given = flat(fieldOf(options, 'resolvers'));
  const classes = given.flatMap(one => asClass(one) ?? []);
  const around: Around = {
    checker: fieldOf(options, 'authChecker'),
    middlewares: flat(fieldOf(options, 'globalMiddlewares')),
  };
  // Paths of files, or a list that was not followed: every resolver that there is.
  const isWhole = given.length > 0 && classes.length === given.length;
  const resolvers = isWhole ? classes : everyResolver(machine);
  return {
    key: `type-graphql ${resolvers.map(one => one.key).join(' ')} ${around.checker === undefined ? '' : valueKey(around.checker)}`,
    fields: () => resolvers.flatMap(native => fieldsOf(machine, native, around)),
  };
}

const builds: Handler = call => {
  const schema = schemaFrom(call);
  noteServer(call, schema);
  return schemaValue(schema);
};

const buildsLater: Handler = call => ({ kind: 'promise', value: builds(call), facts: [] });

function filesThat(machine: Machine, says: RegExp): readonly string[] {
  return machine.source.paths.filter(path => {
    const text = isProgram(path) ? (machine.source.text(path) ?? '') : '';
    return text.includes('type-graphql') && says.test(text);
  });
}

function everyResolver(machine: Machine): readonly ClassNative[] {
  return filesThat(machine, /@Resolver\b/).flatMap(path => {
    const module = machine.source.module(path);
    if (module === undefined) return [];
    return exportNames(machine, module).flatMap(name => {
      const native = asClass(exportValue(machine, module, name));
      return native?.frame.module === module && isResolver(machine, native) ? [native] : [];
    });
  });
}

/** TypeGraphQL: methods of classes that answer fields, behind their roles and middleware. What serves the schema runs them. */
export const typeGraphql: EntryAdapter = {
  handlers: {
    ...decoratorHandlers,
    ...library(['type-graphql'], { buildSchema: buildsLater, buildSchemaSync: builds }),
    'type-graphql#registerEnumType': () => undefinedValue,
  },
  find: machine => [
    {
      turn: 'rest',
      run: () => {
        for (const path of filesThat(machine, /\bbuildSchema(?:Sync)?\(/)) {
          const module = machine.source.module(path);
          if (module !== undefined) evaluateModule(machine, module);
        }
        return [];
      },
    },
  ],
};

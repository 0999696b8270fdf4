import type { Expression } from '../../../../collect/source/ir.ts';
import { decoratorOf } from '../decorated.ts';
import { library } from '../../library/identity/principal.ts';
import { valueKey } from '../../keys.ts';
import { nativeValue, type Frame, type Handler, type Machine, type NativeValue } from '../../machine.ts';
import { undefinedValue, type Value } from '../../value.ts';

/** What a decorator of TypeGraphQL says of what it stands before (https://typegraphql.com/docs/resolvers.html). */
export type Said =
  | { readonly kind: 'resolver'; readonly of: Value | undefined }
  | {
      readonly kind: 'field';
      readonly type: 'Query' | 'Mutation' | 'Subscription' | 'of';
      readonly given: readonly Value[];
    }
  | { readonly kind: 'authorized'; readonly roles: Value }
  | { readonly kind: 'middleware'; readonly stages: readonly Value[] }
  | {
      readonly kind: 'parameter';
      readonly part: 'argument' | 'arguments' | 'context' | 'root' | 'other';
      readonly given: readonly Value[];
    }
  /** A parameter of the app's own: a function of what a resolver is asked with. */
  | { readonly kind: 'own-parameter'; readonly run: Value };

interface DecoratorNative extends NativeValue {
  readonly tells: Said;
}

function says(name: string, said: (values: readonly Value[]) => Said): Handler {
  return ({ arguments: values }) => {
    const native: DecoratorNative = {
      name: 'type-graphql decorator',
      key: `type-graphql ${name} ${values.map(value => valueKey(value)).join(',')}`,
      tells: said(values),
    };
    return nativeValue(native);
  };
}

/** What decorators say, the app's own ones included where they are made of the library's. */
export function saidBy(machine: Machine, frame: Frame, decorators: readonly Expression[]): readonly Said[] {
  return decorators.flatMap(expression => {
    const { made } = decoratorOf(machine, frame, expression);
    frame.dead = false;
    return made.kind === 'native' && 'tells' in made.native ? [(made.native as DecoratorNative).tells] : [];
  });
}

function flat(values: readonly Value[]): readonly Value[] {
  return values.flatMap(value => (value.kind === 'array' ? flat(value.items) : [value]));
}

const field = (type: Extract<Said, { kind: 'field' }>['type']): Handler =>
  says(type, given => ({ kind: 'field', type, given }));
const parameter = (part: Extract<Said, { kind: 'parameter' }>['part']): Handler =>
  says(part, given => ({ kind: 'parameter', part, given }));
const own = says('own parameter', ([run = undefinedValue]) => ({ kind: 'own-parameter', run }));
const middleware = says('middleware', stages => ({ kind: 'middleware', stages: flat(stages) }));

/** The decorators of the library. */
export const decoratorHandlers: Readonly<Record<string, Handler>> = library(['type-graphql'], {
  Resolver: says('resolver', ([of]) => ({ kind: 'resolver', of })),
  Query: field('Query'),
  Mutation: field('Mutation'),
  Subscription: field('Subscription'),
  FieldResolver: field('of'),
  Authorized: says('authorized', values => ({ kind: 'authorized', roles: { kind: 'array', items: flat(values) } })),
  UseMiddleware: middleware,
  Arg: parameter('argument'),
  Args: parameter('arguments'),
  Ctx: parameter('context'),
  Root: parameter('root'),
  Info: parameter('other'),
  PubSub: parameter('other'),
  createParamDecorator: own,
  createParameterDecorator: own,
  createMethodDecorator: middleware,
  createMethodMiddlewareDecorator: middleware,
  createResolverClassMiddlewareDecorator: middleware,
});

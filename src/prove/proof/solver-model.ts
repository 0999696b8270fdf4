import type { SolverModel } from '../../core/ports.ts';
import type { LowLevel } from './z3.ts';

/** Functions of more things than these are not written out. */
const mostThings = 40;

type Context = ReturnType<LowLevel['mk_context']>;
type Thing = ReturnType<LowLevel['model_get_const_interp']>;

/** Writes a model of z3 out: its universes are finite, so each function is a list. */
export function readModel(
  z3: LowLevel,
  context: Context,
  solver: ReturnType<LowLevel['mk_simple_solver']>,
): SolverModel {
  const model = z3.solver_get_model(context, solver);
  z3.model_inc_ref(context, model);
  const plain = (thing: Exclude<Thing, null>): string => z3.ast_to_string(context, thing).replaceAll('|', '');
  const universes = new Map(
    Array.from({ length: z3.model_get_num_sorts(context, model) }, (_, index) => {
      const sort = z3.model_get_sort(context, model, index);
      const things = z3.model_get_sort_universe(context, model, sort);
      z3.ast_vector_inc_ref(context, things);
      const list = Array.from({ length: z3.ast_vector_size(context, things) }, (_element, place) =>
        z3.ast_vector_get(context, things, place),
      );
      return [z3.sort_to_string(context, sort).replaceAll('|', ''), list] as const;
    }),
  );
  const answers = new Map<string, string>();
  for (let index = 0; index < z3.model_get_num_consts(context, model); index += 1) {
    const name = z3.model_get_const_decl(context, model, index);
    const value = z3.model_get_const_interp(context, model, name);
    if (value !== null) answers.set(z3.get_symbol_string(context, z3.get_decl_name(context, name)), plain(value));
  }
  for (let index = 0; index < z3.model_get_num_funcs(context, model); index += 1) {
    const name = z3.model_get_func_decl(context, model, index);
    const symbol = z3.get_symbol_string(context, z3.get_decl_name(context, name));
    const domains = Array.from(
      { length: z3.get_arity(context, name) },
      (_, place) =>
        universes.get(z3.sort_to_string(context, z3.get_domain(context, name, place)).replaceAll('|', '')) ?? [],
    );
    if (domains.length > 2 || domains.some(domain => domain.length > mostThings)) continue;
    for (const parts of tuples(domains)) {
      const value = z3.model_eval(context, model, z3.mk_app(context, name, [...parts]), true);
      if (value !== null) answers.set([symbol, ...parts.map(plain)].join(' '), plain(value));
    }
  }
  const sorts = new Map([...universes].map(([name, things]) => [name, things.map(plain)]));
  z3.model_dec_ref(context, model);
  return { sorts, answers };
}

function tuples<T>(lists: readonly (readonly T[])[]): readonly (readonly T[])[] {
  let made: readonly (readonly T[])[] = [[]];
  for (const list of lists) made = made.flatMap(before => list.map(next => [...before, next]));
  return made;
}

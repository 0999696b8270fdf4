import type { Expression, Node } from 'oxc-parser';
import type { FixContext } from '../context.ts';
import { calleeName, findAll, functionsAround, isCall, memberChain, textOf } from '../source/parsed-file.ts';
import type { ParsedFile } from '../source/parsed-file.ts';
import { topLevelFunctions } from '../source/source-set.ts';
import { membershipTables } from '../../model/tenancy/memberships.ts';

const helperDepth = 3;

/**
 * The expression whose membership the function has verified before `node`: an argument of a guard that asks the
 * membership table, or what a look-up of the membership compares.
 */
export function verifiedTenantAt(context: FixContext, parsed: ParsedFile, node: Node): string | undefined {
  const around = functionsAround(parsed, node).at(-1);
  const names = tenantNames(context);
  if (around === undefined || names.size === 0) return undefined;
  for (const call of findAll(around, isCall)) {
    if (call.end > node.start) continue;
    const candidates = call.arguments.filter((argument): argument is Expression => argument.type !== 'SpreadElement');
    if (calleeName(call) === 'eq' && isMembershipColumn(context, parsed, candidates[0], names))
      return textOf(parsed, candidates[1] ?? call);
    const tenant = candidates.find(argument =>
      names.has(memberChain(argument)?.names.at(-1) ?? (argument.type === 'Identifier' ? argument.name : '')),
    );
    if (tenant !== undefined && asksMembership(context, parsed, call, 0)) return textOf(parsed, tenant);
  }
  return undefined;
}

// `accountId`, `account_id`: what the membership's tenant is called in code.
function tenantNames(context: FixContext): ReadonlySet<string> {
  return new Set(
    membershipTables(context.tenancy).flatMap(membership => {
      const property = context.tables
        .find(table => table.table === membership.table)
        ?.properties.get(membership.tenantColumn);
      return [membership.tenantColumn, ...(property === undefined ? [] : [property])];
    }),
  );
}

function isMembershipColumn(
  context: FixContext,
  parsed: ParsedFile,
  expression: Expression | undefined,
  names: ReadonlySet<string>,
): boolean {
  const chain = expression === undefined ? undefined : memberChain(expression);
  if (chain?.root.type !== 'Identifier' || !names.has(chain.names.at(-1) ?? '')) return false;
  const declaration = context.set.declarationOf(parsed.file, chain.root.name);
  const table = context.tables.find(each => each.name === (declaration?.kind === 'local' ? declaration.name : ''));
  return table !== undefined && membershipTables(context.tenancy).some(membership => membership.table === table.table);
}

function asksMembership(
  context: FixContext,
  parsed: ParsedFile,
  call: import('oxc-parser').CallExpression,
  depth: number,
): boolean {
  if (call.callee.type !== 'Identifier' || depth > helperDepth) return false;
  const declaration = context.set.declarationOf(parsed.file, call.callee.name);
  if (declaration?.kind !== 'local') return false;
  const target = context.set.parsed(declaration.file);
  const body = target === undefined ? undefined : topLevelFunctions(target).get(declaration.name);
  if (target === undefined || body === undefined) return false;
  const names = tenantNames(context);
  const direct = findAll(body, isCall).some(inner => {
    const first = inner.arguments[0];
    return (
      calleeName(inner) === 'eq' &&
      first !== undefined &&
      first.type !== 'SpreadElement' &&
      isMembershipColumn(context, target, first, names)
    );
  });
  return direct || findAll(body, isCall).some(inner => asksMembership(context, target, inner, depth + 1));
}

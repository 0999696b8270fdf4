import { listed } from '../../core/list.ts';
import { compareText } from '../../core/place.ts';
import type { Change } from '../../core/rules.ts';
import type {
  DatabaseFunction,
  DatabaseModel,
  Grant,
  Policy,
  SourcePlace,
  Table,
  View,
} from '../../model/database/types.ts';
import { boundRoles } from '../../model/database/roles.ts';
import { meansTheSame } from './meaning.ts';

/** Tables, policies, grants, views, functions and buckets that came, went or differ. */
export function schemaChanges(before: DatabaseModel, after: DatabaseModel): readonly Change[] {
  const bound = boundRoles(after);
  return [
    ...pairs(before.tables, after.tables, table => table.name).flatMap(pair => tableChanges(pair, bound)),
    ...pairs(before.views, after.views, view => view.name).flatMap(pair => viewChanges(pair, bound)),
    ...pairs(before.functions, after.functions, each => `${each.name} ${each.signature}`).flatMap(pair =>
      functionChanges(pair, bound),
    ),
    ...pairs(before.buckets, after.buckets, bucket => bucket.name).flatMap(bucketChanges),
  ];
}

interface Pair<T> {
  readonly was: T | undefined;
  readonly is: T | undefined;
}

function pairs<T>(before: readonly T[], after: readonly T[], nameOf: (each: T) => string): readonly Pair<T>[] {
  const was = new Map(before.map(each => [nameOf(each), each] as const));
  const is = new Map(after.map(each => [nameOf(each), each] as const));
  return [...new Set([...was.keys(), ...is.keys()])]
    .toSorted(compareText)
    .map(name => ({ was: was.get(name), is: is.get(name) }));
}

type Subject = Pick<Change, 'kind' | 'object'>;

function told(
  subject: Subject,
  words: string,
  place: SourcePlace | undefined,
  more: Partial<Pick<Change, 'direction' | 'role' | 'before' | 'after'>> = {},
): Change {
  return {
    direction: 'changed',
    ...subject,
    ...more,
    words,
    ...(place === undefined ? {} : { file: place.file, line: place.line }),
  };
}

function tableChanges({ was, is }: Pair<Table>, bound: ReadonlySet<string>): readonly Change[] {
  if (is === undefined)
    return was === undefined
      ? []
      : [told({ kind: 'table', object: was.name }, `table '${was.name}' is gone`, undefined)];
  const subject = { kind: 'table', object: is.name } as const;
  if (was === undefined) {
    const policies = `${is.policies.length} ${is.policies.length === 1 ? 'policy' : 'policies'}`;
    return [
      told(
        subject,
        `table '${is.name}' is new: row security ${is.rowSecurity ? 'on' : 'off'}, ${policies}`,
        is.definedAt,
      ),
    ];
  }
  return [
    ...rowSecurityChanges(was, is),
    ...pairs(was.policies, is.policies, policy => policy.name).flatMap(pair => policyChanges(pair)),
    ...grantChanges(subject.object, was.grants, is.grants, bound),
  ];
}

function rowSecurityChanges(was: Table, is: Table): readonly Change[] {
  const subject = { kind: 'row-security', object: is.name } as const;
  const onOrOff = (on: boolean): string => (on ? 'on' : 'off');
  return [
    ...(was.rowSecurity === is.rowSecurity
      ? []
      : [
          told(subject, `row security of '${is.name}' is now ${onOrOff(is.rowSecurity)}`, undefined, {
            direction: is.rowSecurity ? 'better' : 'worse',
            before: onOrOff(was.rowSecurity),
            after: onOrOff(is.rowSecurity),
          }),
        ]),
    ...(was.forceRowSecurity === is.forceRowSecurity
      ? []
      : [
          told(
            subject,
            is.forceRowSecurity
              ? `the policies of '${is.name}' now hold for its owner too`
              : `the policies of '${is.name}' no longer hold for its owner`,
            undefined,
            { direction: is.forceRowSecurity ? 'better' : 'worse' },
          ),
        ]),
  ];
}

function policyChanges({ was, is }: Pair<Policy>): readonly Change[] {
  const policy = is ?? was;
  if (policy === undefined) return [];
  const subject = { kind: 'policy', object: policy.table } as const;
  const name = `policy '${policy.name}' of '${policy.table}'`;
  const [old, now] = [was, is].map(each => (each === undefined ? undefined : textOf(each)));
  if (old === now || (was !== undefined && is !== undefined && meansTheSame(was, is))) return [];
  const texts = { ...(old === undefined ? {} : { before: old }), ...(now === undefined ? {} : { after: now }) };
  const words =
    was === undefined
      ? `${name} is new: ${now ?? ''}`
      : is === undefined
        ? `${name} is gone: ${old ?? ''}`
        : `${name} says something else: ${now ?? ''}`;
  return [told(subject, words, is?.definedAt, texts)];
}

function textOf(policy: Policy): string {
  const using = policy.using === undefined ? '' : ` using (${policy.using})`;
  const check = policy.check === undefined ? '' : ` with check (${policy.check})`;
  const kind = policy.permissive ? '' : 'restrictive ';
  return `${kind}${policy.command} to ${policy.roles.join(', ')}${using}${check}`;
}

function grantChanges(
  object: string,
  was: readonly Grant[],
  is: readonly Grant[],
  bound: ReadonlySet<string>,
): readonly Change[] {
  const [old, now] = [was, is].map(grants => new Map(grants.map(grant => [grantKey(grant), grant] as const)));
  if (old === undefined || now === undefined) return [];
  const gained = [...now.values()].filter(grant => !old.has(grantKey(grant)));
  const lost = [...old.values()].filter(grant => !now.has(grantKey(grant)));
  const tell = (grants: readonly Grant[], role: string, words: string): readonly Change[] => {
    const privileges = grants
      .filter(grant => grant.role === role)
      .map(({ privilege, column }) => (column === undefined ? privilege : `${privilege} (${column})`));
    if (privileges.length === 0) return [];
    return [
      told({ kind: 'grant', object }, `${role} is ${words} ${listed(privileges)} on '${object}'`, undefined, { role }),
    ];
  };
  return [...bound]
    .toSorted(compareText)
    .flatMap(role => [...tell(gained, role, 'now granted'), ...tell(lost, role, 'no longer granted')]);
}

function grantKey({ role, privilege, column }: Grant): string {
  return [role, privilege, column ?? ''].join('\n');
}

function viewChanges({ was, is }: Pair<View>, bound: ReadonlySet<string>): readonly Change[] {
  const view = is ?? was;
  if (view === undefined) return [];
  const subject = { kind: 'view', object: view.name } as const;
  if (is === undefined) return [told(subject, `view '${view.name}' is gone`, undefined)];
  if (was === undefined)
    return [
      told(
        subject,
        `view '${view.name}' is new: it reads with the rights of ${is.securityInvoker ? 'whoever asks' : 'its owner'}`,
        is.definedAt,
      ),
    ];
  return [
    ...(was.securityInvoker === is.securityInvoker
      ? []
      : [
          told(
            subject,
            `view '${view.name}' now reads with the rights of ${is.securityInvoker ? 'whoever asks' : 'its owner'}`,
            is.definedAt,
            { direction: is.securityInvoker ? 'better' : 'worse' },
          ),
        ]),
    ...(was.definition === is.definition
      ? []
      : [
          told(subject, `view '${view.name}' reads something else`, is.definedAt, {
            before: was.definition,
            after: is.definition,
          }),
        ]),
    ...grantChanges(view.name, was.grants, is.grants, bound),
  ];
}

function functionChanges({ was, is }: Pair<DatabaseFunction>, bound: ReadonlySet<string>): readonly Change[] {
  const each = is ?? was;
  if (each === undefined) return [];
  const subject = { kind: 'function', object: each.name } as const;
  const name = `function '${each.signature}'`;
  if (is === undefined) return [told(subject, `${name} is gone`, undefined)];
  const rights = is.securityDefiner ? 'its owner' : 'whoever calls it';
  if (was === undefined) return [told(subject, `${name} is new: it runs with the rights of ${rights}`, is.definedAt)];
  return [
    ...(was.securityDefiner === is.securityDefiner
      ? []
      : [
          told(subject, `${name} now runs with the rights of ${rights}`, is.definedAt, {
            direction: is.securityDefiner ? 'worse' : 'better',
          }),
        ]),
    ...(was.searchPath === is.searchPath
      ? []
      : [
          told(
            subject,
            `${name} now looks names up in ${is.searchPath === undefined ? 'its caller’s search_path' : `the search_path '${is.searchPath}'`}`,
            is.definedAt,
          ),
        ]),
    ...(was.body === is.body ? [] : [told(subject, `${name} does something else`, is.definedAt)]),
    ...grantChanges(each.name, was.grants, is.grants, bound),
  ];
}

function bucketChanges({ was, is }: Pair<DatabaseModel['buckets'][number]>): readonly Change[] {
  const bucket = is ?? was;
  if (bucket === undefined || was?.public === is?.public) return [];
  const subject = { kind: 'bucket', object: `bucket '${bucket.name}'` } as const;
  if (is === undefined) return [told(subject, `${subject.object} is gone`, undefined)];
  const reach = is.public ? 'public: whoever knows an address gets the file' : 'private';
  if (was === undefined) return [told(subject, `${subject.object} is new, and ${reach}`, undefined)];
  return [told(subject, `${subject.object} is now ${reach}`, undefined, { direction: is.public ? 'worse' : 'better' })];
}

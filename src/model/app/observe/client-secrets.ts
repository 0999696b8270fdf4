import type { Place } from '../../../core/place.ts';
import { isSecretLiteral } from '../../../core/secret-literals.ts';
import type { InlinedEnvironment, ModuleInfo, ObserveInput } from '../events.ts';
import type { Observation } from '../types.ts';

type ClientDriver = Extract<Observation, { kind: 'client-driver' }>;
type ClientSecret = Extract<Observation, { kind: 'client-secret' }>;

/** Secrets in modules that the browser's bundle contains: everything that 'use client' files import as a value, up to 'use server' files. */
export function observeClientSecrets(input: ObserveInput): readonly ClientSecret[] {
  const chains = clientGraph(input.modules);
  return input.modules.flatMap(module => {
    const chain = chains.get(module.file);
    return chain === undefined ? [] : secretsOf(module, chain, input.inlinedEnvironment);
  });
}

/** Packages that open a connection to a database, or sign requests to one. */
const drivers: readonly RegExp[] = [
  /^(?:pg|pg-promise|postgres|mysql2|better-sqlite3|mongodb|mongoose|ioredis|knex|typeorm|sequelize)(?:\/|$)/,
  /^(?:@neondatabase\/serverless|@vercel\/postgres|@planetscale\/database|@libsql\/client|@prisma\/adapter-[\w-]+)(?:\/|$)/,
  /^drizzle-orm\/(?:node-postgres|postgres-js|neon-http|neon-serverless|vercel-postgres|planetscale-serverless|mysql2|libsql|better-sqlite3|d1|pglite|bun-sql)(?:\/|$)/,
];

/** Drivers of databases that the browser's bundle contains, or would, if it could be built. */
export function observeClientDrivers({ modules }: ObserveInput): readonly ClientDriver[] {
  const chains = clientGraph(modules);
  return modules.flatMap(module => {
    const chain = chains.get(module.file);
    const used = module.packages.find(({ name }) => drivers.some(driver => driver.test(name)));
    if (chain === undefined || used === undefined) return [];
    return [
      { kind: 'client-driver', place: { file: module.file, line: used.line }, driver: used.name, chain } as const,
    ];
  });
}

/** For each file of the browser's graph the shortest way of imports to it. */
function clientGraph(modules: readonly ModuleInfo[]): ReadonlyMap<string, readonly Place[]> {
  const byFile = new Map(modules.map(module => [module.file, module]));
  const chains = new Map<string, readonly Place[]>();
  let frontier = modules
    .filter(module => module.directive === 'use client')
    .map(module => module.file)
    .toSorted();
  for (const file of frontier) chains.set(file, [{ file, line: 1 }]);
  while (frontier.length > 0) {
    const next: string[] = [];
    for (const file of frontier) {
      for (const { file: target, line } of byFile.get(file)?.imports ?? []) {
        const module = byFile.get(target);
        if (chains.has(target) || module === undefined || staysOnServer(module)) continue;
        chains.set(target, [...(chains.get(file) ?? []).slice(0, -1), { file, line }, { file: target, line: 1 }]);
        next.push(target);
      }
    }
    frontier = next.toSorted();
  }
  return chains;
}

/** A 'use server' file becomes references to calls; `server-only` stops the build before it could be bundled. */
function staysOnServer(module: ModuleInfo): boolean {
  return module.directive === 'use server' || module.packages.some(used => used.name === 'server-only');
}

function secretsOf(
  module: ModuleInfo,
  chain: readonly Place[],
  inlined: readonly InlinedEnvironment[],
): readonly ClientSecret[] {
  const seen = (secret: string, how: string, line: number, endLine: number = line): ClientSecret => ({
    kind: 'client-secret',
    place: { file: module.file, line, ...(endLine === line ? {} : { endLine }) },
    secret,
    how,
    chain,
  });
  return [
    ...module.environment.flatMap(({ name, line, endLine }) => {
      const by = howInlined(name, inlined);
      return by === undefined ? [] : [seen(name, by, line, endLine)];
    }),
    ...module.literals
      .filter(({ text }) => isSecretLiteral(text))
      .map(({ text, line }) => seen(`${text.slice(0, 8)}…`, 'it is written in the source', line)),
  ];
}

/** Other environment variables are `undefined` in the browser: a fault, and no leak. */
function howInlined(name: string, inlined: readonly InlinedEnvironment[]): string | undefined {
  if (name.startsWith('NEXT_PUBLIC_'))
    return isPublicPrefixedSecret(name) ? 'Next.js inlines every NEXT_PUBLIC_ variable' : undefined;
  const entry = inlined.find(candidate => candidate.name === name);
  if (entry === undefined || !(isSecretName(name) || isSecretName(entry.from ?? ''))) return undefined;
  return `'env' in ${entry.place.file} inlines it`;
}

/** Keys for maps, analytics and the like are public by design; these words are never on such a key. */
function isPublicPrefixedSecret(name: string): boolean {
  return (
    /SECRET|PRIVATE|PASSWORD|DATABASE_URL|SERVICE_(ROLE|KEY|ACCOUNT)|ADMIN_(KEY|TOKEN)|SERVICE\w*_KEY/.test(name) &&
    !isPublishable(name)
  );
}

function isSecretName(name: string): boolean {
  return /SECRET|PRIVATE|PASSWORD|TOKEN|DATABASE_URL|SERVICE|CREDENTIAL|(^|_)KEY$/.test(name) && !isPublishable(name);
}

function isPublishable(name: string): boolean {
  return /PUBLISHABLE|ANON|PUBLIC_KEY|SITE_KEY|SITEKEY/.test(name);
}

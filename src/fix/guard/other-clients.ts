import type { GuardedApp } from './app.ts';

/** Clients that no codemod changes, by how a file names them, with what to do. */
const others: readonly (readonly [RegExp, string])[] = [
  [
    /['"](drizzle-orm\/(?:neon-http|neon-serverless|vercel-postgres|aws-data-api\/pg|xata-http|bun-sql)|@neondatabase\/serverless|@vercel\/postgres)['"]/,
    'it does not go through node-postgres, and the guard cannot stand before it. Use openPool with drizzle-orm/node-postgres, or as it is.',
  ],
  [
    /['"](knex)['"]/,
    'give it openPool(…) as connectionPool (Knex 3.3), or guardedPg of @drydock/guard/pg, as its page in the guard says.',
  ],
  [/['"](typeorm)['"]/, 'give it guardedPg of @drydock/guard/pg, as its page in the guard says.'],
  [
    /['"](sequelize|@mikro-orm\/postgresql|pg-promise|slonik|massive)['"]/,
    'it makes connections of its own, which the guard does not see.',
  ],
];

/** Names what makes connections past the guard, since an app that is guarded in part is guarded nowhere; whether anything goes through it. */
export function nameOtherClients(app: GuardedApp, moved: ReadonlySet<string>): boolean {
  let isMade = false;
  let isNamed = false;
  for (const file of app.running) {
    const text = app.texts.read(file) ?? '';
    for (const [pattern, what] of others) {
      const found = new RegExp(`^(?!import type).*(?:from|require\\(|import\\()\\s*${pattern.source}`, 'm').exec(
        text,
      )?.[1];
      if (found === undefined || moved.has(file)) continue;
      isNamed = true;
      app.unguarded.push(`'${file}' uses ${found}: ${what}`);
    }
    if (/\bnew (?:pg\.)?Client\(/.test(text) && /['"]pg['"]/.test(text))
      app.unguarded.push(
        `'${file}' makes a client of node-postgres by itself, which is not guarded: take it from a pool of openPool.`,
      );
    if (text.includes('openPool') || text.includes('guardPool')) isMade = true;
  }
  const isGuarded = isMade || app.edits.edits().some(edit => /openPool|guardBegin/.test(edit.text));
  if (!isGuarded && !isNamed)
    app.unguarded.push(
      `No file was found that makes the app's database client: make it with openPool of '${app.guardFile}'.`,
    );
  return isGuarded;
}

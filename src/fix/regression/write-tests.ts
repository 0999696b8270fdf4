import type { NewFile } from '../../core/fix.ts';
import { compareText } from '../../core/place.ts';
import type { Attack, AttackReplay } from '../../core/result.ts';
import { labSource } from './lab-source.ts';
import type { World } from './world.ts';

/** One attack as a pair of tests: it fails, and its owner's own use works. */
export interface TestPair {
  readonly attack: Attack;
  readonly file: string;
  /** `describe › test` as the runner reports it. */
  readonly negative: string;
  readonly positive: string | undefined;
  readonly text: (parts: { readonly negative: boolean; readonly positive: boolean }) => string;
  readonly group: string;
}

/** Where the tests of an app lie. */
export const testFolder = 'tests/isolation';

/** A test pair for each way in that an attack confirmed; attacks that a test cannot repeat come with the reason. */
export function planTests(attacks: readonly Attack[]): {
  readonly pairs: readonly TestPair[];
  readonly untested: readonly { readonly attack: Attack; readonly reason: string }[];
} {
  const pairs: TestPair[] = [];
  const untested: { readonly attack: Attack; readonly reason: string }[] = [];
  const titles = new Set<string>();
  for (const attack of distinct(attacks.filter(each => each.outcome === 'leaked'))) {
    const reason = whyNot(attack);
    if (reason !== undefined) {
      untested.push({ attack, reason });
      continue;
    }
    pairs.push(toPair(attack, titles));
  }
  return { pairs, untested };
}

/** The files of a suite. `kept` says which tests of which pairs are written. */
export function writeTests(
  pairs: readonly TestPair[],
  world: World,
  kept: (pair: TestPair) => { readonly negative: boolean; readonly positive: boolean },
): readonly NewFile[] {
  const files = new Map<string, Map<string, string[]>>();
  for (const pair of pairs) {
    const parts = kept(pair);
    if (!parts.negative) continue;
    const groups = files.get(pair.file) ?? new Map<string, string[]>();
    groups.set(pair.group, [...(groups.get(pair.group) ?? []), pair.text(parts)]);
    files.set(pair.file, groups);
  }
  const tests = [...files]
    .toSorted(([left], [right]) => compareText(left, right))
    .map(([file, groups]) => ({ file, text: fileText(groups) }));
  return [
    ...tests,
    { file: `${testFolder}/lab.ts`, text: labSource },
    { file: `${testFolder}/vitest.config.ts`, text: configText },
    { file: `${testFolder}/world.json`, text: `${JSON.stringify(world, null, 1)}\n` },
    { file: `${testFolder}/README.md`, text: readme },
  ];
}

// One request per way in, table and fault says enough.
function distinct(attacks: readonly Attack[]): readonly Attack[] {
  const seen = new Map<string, Attack>();
  for (const attack of attacks) {
    const key = [attack.entryPoint, attack.table ?? '', expectationOf(attack.replay)].join('\n');
    if (!seen.has(key)) seen.set(key, attack);
  }
  return [...seen.values()];
}

function whyNot(attack: Attack): string | undefined {
  if (!Array.isArray(attack.replay['steps']) || expectationOf(attack.replay) === '')
    return 'The attack cannot be repeated from data.';
  if (attack.oracle === 'outgoing-call')
    return 'What the app asks of another service is seen only by a recorder between them.';
  return undefined;
}

function expectationOf(replay: AttackReplay): string {
  const expect: unknown = replay['expect'];
  const kind: unknown = typeof expect === 'object' && expect !== null ? Reflect.get(expect, 'kind') : undefined;
  return typeof kind === 'string' ? kind : '';
}

function toPair(attack: Attack, titles: Set<string>): TestPair {
  const group = attack.entryPoint;
  const negative = unique(titles, group, negativeTitle(attack));
  const twin = ownUse(attack);
  const positive = twin === undefined ? undefined : unique(titles, group, 'its owner still gets what is theirs');
  const text = (parts: { readonly negative: boolean; readonly positive: boolean }): string =>
    [
      ...(parts.negative ? [testText(negative, 'holds', dataOf(attack.replay))] : []),
      ...(parts.positive && positive !== undefined && twin !== undefined ? [testText(positive, 'works', twin)] : []),
    ].join('\n\n');
  return {
    attack,
    file: `${testFolder}/${slug(attack.table ?? 'app')}.test.ts`,
    group,
    negative: `${group} ${negative}`,
    positive: positive === undefined ? undefined : `${group} ${positive}`,
    text,
  };
}

function unique(titles: Set<string>, group: string, title: string): string {
  for (let number = 1; ; number += 1) {
    const candidate = number === 1 ? title : `${title} (${number})`;
    if (titles.has(`${group}\n${candidate}`)) continue;
    titles.add(`${group}\n${candidate}`);
    return candidate;
  }
}

function negativeTitle(attack: Attack): string {
  const rows = attack.table === undefined ? 'rows' : attack.table.replaceAll('_', ' ');
  switch (expectationOf(attack.replay)) {
    case 'isolated':
      return attack.oracle === 'state-change'
        ? `leaves other tenants' ${rows} as they are: ${attack.description}`
        : `shows nothing of other tenants' ${rows}: ${attack.description}`;
    case 'denied':
      return `refuses whoever may not have it: ${attack.description}`;
    case 'unchanged':
      return `changes nothing for a caller who is not verified: ${attack.description}`;
    case 'no-secret':
      return `keeps secret columns of ${rows} to itself: ${attack.description}`;
    case 'not-shared':
      return 'lets no shared cache keep a personal answer';
    case 'once':
      return `handles an event once: ${attack.description}`;
    case 'same-as-missing':
      return `answers alike for a foreign row and a missing one: ${attack.description}`;
    case 'independent':
      return `does not depend on other tenants' ${rows}`;
    case 'bundle':
      return 'carries no secret to the browser';
    default:
      return attack.description;
  }
}

// The same request by the owner, for a row of their own.
function ownUse(attack: Attack): unknown {
  const { replay } = attack;
  const steps = replay['steps'];
  if (!Array.isArray(steps)) return undefined;
  const all: readonly unknown[] = steps;
  const first = all[0];
  const last = all.at(-1);
  const prepare = replay['prepare'] === undefined ? {} : { prepare: replay['prepare'] };
  switch (expectationOf(replay)) {
    case 'isolated':
    case 'same-as-missing':
      return { ...prepare, steps: [own(last)] };
    case 'no-secret':
    case 'not-shared':
      return { ...prepare, steps: [last], sees: true };
    case 'once':
    case 'independent':
      return { ...prepare, steps: [first] };
    case 'unchanged':
      return verified(last, prepare);
    default:
      return undefined;
  }
}

function verified(step: unknown, prepare: object): unknown {
  if (typeof step !== 'object' || step === null) return undefined;
  const mine = own(step);
  if (typeof mine !== 'object' || mine === null) return undefined;
  if (Reflect.get(step, 'kind') === 'webhook') return { ...prepare, steps: [{ ...mine, signature: 'valid' }] };
  if (Reflect.get(step, 'kind') !== 'http') return undefined;
  const headers: unknown = Reflect.get(mine, 'headers');
  const secret = { authorization: ['Bearer ', { ref: 'environment.CRON_SECRET' }] };
  return { ...prepare, steps: [{ ...mine, headers: { ...(typeof headers === 'object' ? headers : {}), ...secret } }] };
}

// References to other tenants become references to the caller's own.
function own(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(own);
  if (typeof value !== 'object' || value === null) return value;
  const ref: unknown = Reflect.get(value, 'ref');
  if (typeof ref === 'string' && Object.keys(value).length === 1) return { ref: ref.replace(/^[BC](?=\.)/, 'A') };
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, own(item)]));
}

// What the lab needs of a replay, and nothing of where it was found.
function dataOf(replay: AttackReplay): unknown {
  const { kind, tables, ...data } = replay;
  void kind;
  void tables;
  return data;
}

function testText(title: string, call: string, data: unknown): string {
  return `  test(${quote(title)}, () =>\n    ${call}(${literal(data, '    ')}));`;
}

function fileText(groups: ReadonlyMap<string, readonly string[]>): string {
  const blocks = [...groups]
    .toSorted(([left], [right]) => compareText(left, right))
    .map(([group, tests]) => `describe(${quote(group)}, () => {\n${tests.join('\n\n')}\n});`);
  const uses = ['holds', 'works'].filter(name => blocks.some(block => block.includes(`    ${name}(`)));
  return `// @ts-nocheck\nimport { describe, test } from 'vitest';\nimport { ${uses.join(', ')} } from './lab';\n\n${blocks.join('\n\n')}\n`;
}

function quote(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('\n', ' ')}'`;
}

// JSON as a person would write it: short things on one line, keys bare.
function literal(value: unknown, indent: string): string {
  const line = oneLine(value);
  if (line.length + indent.length < 100 || typeof value !== 'object' || value === null) return line;
  const inner = `${indent}  `;
  if (Array.isArray(value)) return `[\n${value.map(each => `${inner}${literal(each, inner)},\n`).join('')}${indent}]`;
  return `{\n${Object.entries(value)
    .map(([key, each]) => `${inner}${keyText(key)}: ${literal(each, inner)},\n`)
    .join('')}${indent}}`;
}

function oneLine(value: unknown): string {
  if (typeof value === 'string') return quote(value);
  if (Array.isArray(value)) return `[${value.map(oneLine).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return String(value);
  const parts = Object.entries(value).map(([key, each]) => `${keyText(key)}: ${oneLine(each)}`);
  return parts.length === 0 ? '{}' : `{ ${parts.join(', ')} }`;
}

function keyText(key: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(key) ? key : quote(key);
}

function slug(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
}

const configText = `// @ts-nocheck
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['${testFolder}/**/*.test.ts'],
    // The tests share one database, and put back what they change.
    fileParallelism: false,
    isolate: false,
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
});
`;

const readme = `# Isolation tests

Each test is one rule: what one tenant must not get of another, beside what its owner must still get. Every one of
them failed on the app as it was and passes since the repair.

    npx vitest run --config ${testFolder}/vitest.config.ts

They need the app built and started from this folder, and a database of its own: migrated, empty, on this machine.

    DATABASE_URL=postgres://…@127.0.0.1:5432/isolation      the database; rows of three made-up tenants are put into it
    DRYDOCK_BASE_URL=http://localhost:3000                  where the app runs
    STRIPE_WEBHOOK_SECRET=… CRON_SECRET=…                   the values that the app runs with, where a test asks for them

Values are named by role: \`{ ref: 'B.notes.0.id' }\` is the id of tenant B's first note, in \`world.json\`.
`;

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { globSync } from 'tinyglobby';
import type { SynthesisedVariable } from '../../collect/runtime/environment.ts';
import type { Finding } from '../../core/finding.ts';
import type { Attack } from '../../core/result.ts';
import type { Lab } from './lab.ts';

/** Looks for values of secret variables in every file that browsers load. */
export function scanBundle(input: {
  readonly lab: Lab;
  readonly appRoot: string;
  readonly variables: readonly SynthesisedVariable[];
  readonly findings: readonly Finding[];
}): readonly Attack[] {
  const secrets = input.variables.filter(variable => variable.secret);
  return secrets.flatMap(secret => {
    const file = scriptWith(input.appRoot, secret.value);
    return file === undefined ? [] : [toAttack(input, secret, file)];
  });
}

/** The first file that browsers load and that holds the text. */
export function scriptWith(appRoot: string, text: string): string | undefined {
  const folder = join(appRoot, '.next', 'static');
  if (!existsSync(folder)) return undefined;
  const files = globSync(['**/*.{js,css,map,json}'], { cwd: folder }).sort();
  return files.find(file => readFileSync(join(folder, file), 'utf8').includes(text));
}

/** The first page that loads a script, as the build's own lists say. */
function pageWith(appRoot: string, file: string): string | undefined {
  const folder = join(appRoot, '.next', 'server', 'app');
  const lists = existsSync(folder) ? globSync(['**/page_client-reference-manifest.js'], { cwd: folder }).sort() : [];
  const using = lists.filter(list => readFileSync(join(folder, list), 'utf8').includes(file));
  const [page] = using;
  // A script that many pages share belongs to none of them.
  if (page === undefined || using.length > 3) return undefined;
  const segments = page
    .split('/')
    .slice(0, -1)
    .filter(segment => !/^\(.*\)$|^@/.test(segment));
  return `page /${segments.join('/')}`;
}

function toAttack(
  input: { readonly lab: Lab; readonly findings: readonly Finding[] },
  secret: SynthesisedVariable,
  file: string,
): Attack {
  const url = `/_next/static/${file}`;
  const finding = input.findings.filter(candidate => candidate.check === 'exposure/secret-in-client-bundle');
  const named = finding.filter(candidate => candidate.message.includes(secret.name));
  return {
    id: `bundle · ${secret.name}`,
    entryPoint: pageWith(input.lab.appRoot, file) ?? 'client bundle',
    principal: 'nobody signed in',
    description: `nobody signed in, reading the scripts that every visitor loads`,
    request: { method: 'GET', url, headers: {} },
    answer: { status: 200, excerpt: `… ${secret.name} = ‹the secret's value› …` },
    outcome: 'leaked',
    observed: `The script ${url} holds the value of '${secret.name}'.`,
    oracle: 'foreign-canary',
    pathIds: [],
    findings: (named.length > 0 ? named : finding.length === 1 ? finding : []).map(candidate => candidate.fingerprint),
    replay: { kind: 'http', steps: [], expect: { kind: 'bundle', variable: secret.name } },
  };
}

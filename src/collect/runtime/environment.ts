import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { globSync } from 'tinyglobby';

/** One variable that the app reads, with the value Drydock gives it. */
export interface SynthesisedVariable {
  readonly name: string;
  readonly value: string;
  /** Its value was made to look like a secret and must never be seen outside the server. */
  readonly secret: boolean;
}

/** What the values are made from. */
export interface EnvironmentOptions {
  readonly appRoot: string;
  readonly appUrl: string;
  readonly databaseUrl: string;
  /** The roles that may sign in: an app whose example names one of them is run as that role, policies and all. */
  readonly roles?: readonly string[];
}

const framework = /^(?:NODE_ENV|NEXT_RUNTIME|NEXT_PHASE|PORT|HOSTNAME|CI|VERCEL\w*|npm_\w+|PATH|HOME|TZ|ANALYZE)$/;
const secretName =
  /SECRET|PASSWORD|PRIVATE|TOKEN|SERVICE_ROLE|SERVICE_KEY|API_KEY|ACCESS_KEY|_KEY$|^KEY_|CREDENTIAL|SALT|PEPPER/;

/**
 * The environment the app asks for: the names in its `.env.example` and every `process.env.X` in its sources, each
 * with a value of the right shape. The same app gets the same values on every run.
 */
export function synthesiseEnvironment(options: EnvironmentOptions): readonly SynthesisedVariable[] {
  const example = readExample(options.appRoot);
  // Names in the user's own env files are covered too: Next reads those files, and none of their values may be used.
  const names = new Set([...example.keys(), ...namesInEnvFiles(options.appRoot), ...namesInSources(options.appRoot)]);
  return [...names]
    .filter(name => !framework.test(name))
    .sort()
    .map(name => ({ name, ...valueOf(name, example.get(name) ?? '', options) }));
}

function valueOf(
  name: string,
  example: string,
  options: EnvironmentOptions,
): { readonly value: string; readonly secret: boolean } {
  if (/DATABASE_URL|POSTGRES\w*_URL|DIRECT_URL|^PG_?URL$|DB_URL|POSTGRES_PRISMA/.test(name))
    return { value: asRole(example, options), secret: false };
  if (/^STRIPE\w*WEBHOOK|WEBHOOK\w*SECRET|WHSEC/.test(name))
    return { value: `whsec_${random(name, 32)}`, secret: true };
  if (/STRIPE/.test(name) && /PUBLISHABLE|PUBLIC/.test(name))
    return { value: `pk_test_${random(name, 32)}`, secret: false };
  if (/STRIPE/.test(name) && /SECRET|KEY|API/.test(name)) return { value: `sk_test_${random(name, 32)}`, secret: true };
  if (/STRIPE/.test(name) && /PRICE/.test(name))
    return { value: example || `price_${random(name, 16)}`, secret: false };
  if (
    /^https?:\/\/(?:localhost|127\.0\.0\.1)/.test(example) ||
    /(?:APP|SITE|BASE|AUTH|PUBLIC|WEB|HOST)\w*_UR[LI]$|^URL$|ORIGIN/.test(name)
  ) {
    return { value: options.appUrl, secret: false };
  }
  const secret = isSecretName(name);
  if (secret) return { value: `${secretPrefix(example)}${random(name, 40)}`, secret: true };
  return {
    value:
      example ||
      (name.endsWith('_URL')
        ? options.appUrl
        : name.endsWith('_ID')
          ? random(name, 20)
          : `drydock-${name.toLowerCase()}`),
    secret: false,
  };
}

/** The URL of the database, as the role that the example names, if the database has it. */
function asRole(example: string, { databaseUrl, roles = [] }: EnvironmentOptions): string {
  const named = /^postgres(?:ql)?:\/\/([^:@/]+)(?::[^@/]*)?@/.exec(example)?.[1];
  if (named === undefined || !roles.includes(decodeURIComponent(named))) return databaseUrl;
  return databaseUrl.replace(/^(postgres(?:ql)?:\/\/)(?:[^@/]*@)?/, `$1${named}@`);
}

/** A name that Next inlines for browsers is secret only when it says so itself. */
function isSecretName(name: string): boolean {
  if (!name.startsWith('NEXT_PUBLIC_')) return secretName.test(name);
  return /SECRET|PASSWORD|PRIVATE|SERVICE/.test(name);
}

function secretPrefix(example: string): string {
  return /^[a-z]{2,6}_(?:test_|live_)?$/i.exec(example)?.[0] ?? '';
}

/** Looks random, is the same on every run, and cannot be mistaken for a value of anything real. */
function random(name: string, length: number): string {
  return createHash('sha512').update(`drydock:${name}`).digest('hex').slice(0, length);
}

function readExample(appRoot: string): ReadonlyMap<string, string> {
  const file = ['.env.example', '.env.local.example', '.env.sample', '.env.template', 'env.example']
    .map(name => join(appRoot, name))
    .find(existsSync);
  const lines = file === undefined ? [] : readFileSync(file, 'utf8').split(/\r?\n/);
  return new Map(lines.flatMap(parseLine));
}

function namesInEnvFiles(appRoot: string): readonly string[] {
  const files = ['.env', '.env.local', '.env.production', '.env.production.local']
    .map(name => join(appRoot, name))
    .filter(existsSync);
  return files.flatMap(file =>
    readFileSync(file, 'utf8')
      .split(/\r?\n/)
      .flatMap(parseLine)
      .map(([name]) => name),
  );
}

function parseLine(line: string): readonly (readonly [string, string])[] {
  const match = /^\s*(?:export\s+)?([A-Za-z_]\w*)\s*=\s*(.*?)\s*$/.exec(line);
  const [, name, value] = match ?? [];
  return name === undefined || value === undefined
    ? []
    : [[name, value.replace(/^(["'])(.*)\1$/, '$2').replace(/\s+#.*$/, '')]];
}

function namesInSources(appRoot: string): readonly string[] {
  const files = globSync(['**/*.{ts,tsx,js,jsx,mjs,cjs}'], {
    cwd: appRoot,
    absolute: true,
    ignore: [
      '**/node_modules/**',
      '**/.next/**',
      '**/.drydock/**',
      '**/dist/**',
      '**/*.test.*',
      '**/*.config.*',
      'scripts/**',
    ],
  });
  return files.flatMap(file =>
    [...readFileSync(file, 'utf8').matchAll(/process\.env\.([A-Z][A-Z0-9_]*)/g)].map(match => match[1] ?? ''),
  );
}

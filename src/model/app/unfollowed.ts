import type { Term } from '../../core/predicate.ts';
import { conditionFact } from './facts.ts';
import { callTerm } from './keys.ts';
import { equals } from '../../core/predicate.ts';
import type { Call } from './machine.ts';
import type { Fact } from './types.ts';
import { rowsIn, termsIn, visit, type Value } from './value.ts';

/**
 * Calls of code that is not there (a private package, a service, a policy engine) which by their names may be guards.
 * They prove nothing; a path behind one of them is not told to leak where that call alone would decide.
 */

/** Words that name who asks or what they may. */
const telling: ReadonlySet<string> = new Set(
  `access acl admin allow allowed assignee auth authenticate authenticated authentication authn authorisation authorise
  authorised authorization authorize authorized authz claims clerk enforce entitled entitlement guard identity jwt login
  member membership permission permissions permit permitted policies policy principal protect protected protector rbac
  role roles session signedin tenant user viewer me`.split(/\s+/),
);

/** Words that ask or demand; with a library for it they are guards. */
const asking: ReadonlySet<string> = new Set(
  'assert batch can cannot check compare consume ensure evaluate get has introspect is may query require resolve unseal validate verify with'.split(
    ' ',
  ),
);

/** Words that name whose things they are; they need one that demands. */
const owning: ReadonlySet<string> = new Set(
  'account company org organisation organization project team workspace'.split(' '),
);
const demanding: ReadonlySet<string> = new Set(
  'active assert check current ensure require validate verify with'.split(' '),
);

/** Words of what else is done with users and their data. */
const other: ReadonlySet<string> = new Set(
  `add agent analytics avatar billing cache captcha capture clear count create customer decode default delete draw email
  encrypt event feature fetcher flag flags format generate hash id identify image insert invite limit limiter list log
  logger mail message metadata name notification notify parse password provider purge random rate remove render report
  revalidate schema search send set sign signout signup stream subscribe template timezone track transform turnstile type
  update upload upsert url webhook write`.split(/\s+/),
);

const guardLibrary =
  /(?:^|[/@._-])(?:[a-z]*auth[a-z0-9]*|acl|access(?:control)?|aserto|casbin|casl|cerbos|cognito|descope|fga|openfga|firebase-admin|guards?|iam|identity|keycloak|keto|kratos|login|okta|ory|oso(?:-cloud)?|passport|permissions?|permit(?:io)?|polic(?:y|ies)|privy|rbac|sessions?|spicedb|stytch|supertokens|unkey|zitadel)(?=$|[/._-])/i;

/** Libraries that do something else for certain, whatever their functions are called. */
const otherLibrary =
  /sentry|posthog|segment|mixpanel|amplitude|analytics|openpanel|stripe|lemonsqueezy|paddle|polar|resend|mail|sendgrid|postmark|twilio|slack|discord|octokit|pino|winston|logger|logging|axiom|opentelemetry|zod|valibot|yup|arktype|ratelimit|rate-limit|flags|launchdarkly|statsig|openai|anthropic|langchain|^ai$|aws-sdk|google-cloud|googleapis|cloudinary|uploadthing|ioredis|redis|react|^next(?:\/|$)|next-intl|i18n|lodash|date-fns|dayjs|uuid|nanoid|axios|undici|node-fetch|^ky$|^got$|prisma|drizzle|kysely|supabase|trpc|tanstack|swr|svix|bullmq|inngest|trigger\.dev|qstash|pusher|liveblocks|algolia|meilisearch/i;

/** Whether a function of a library may, by its name, tell who asks or let only some go on. */
export function mayGuard(library: string | undefined, path: string): boolean {
  if (library !== undefined && otherLibrary.test(library) && !guardLibrary.test(library)) return false;
  const words = wordsOf(path.split('.').at(-1) ?? '');
  if (words.length === 0 || words.some(word => other.has(word))) return false;
  if (words.some(word => telling.has(word))) return true;
  if (words.some(word => owning.has(word)) && words.some(word => demanding.has(word))) return true;
  return library !== undefined && guardLibrary.test(library) && words.some(word => asking.has(word));
}

/** Whether what a library gave, or a field of it, is who asks as far as anybody can see. */
export function mayIdentify(library: string | undefined, path: string): boolean {
  if (library === undefined) return false;
  const calls = path.split(/\.(?![^(]*\))/).filter(part => part.endsWith('()'));
  return calls.some(part => mayGuard(library, part.slice(0, -2)));
}

function wordsOf(name: string): readonly string[] {
  return name
    .replace(/^new /, '')
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replaceAll(/([A-Z]+)([A-Z][a-z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter(word => word !== '');
}

const mostTerms = 16;

/** What a call that was not followed may establish: nothing that counts, of the values that it was given. */
export function unfollowedFact(
  { machine, frame, arguments: values, at }: Call,
  library: string | undefined,
  path: string,
): Fact {
  const name = path.split('.').at(-1) ?? path;
  const given = new Map<string, Term>();
  for (const value of values) for (const term of termsGiven(value)) given.set(JSON.stringify(term), term);
  const condition = equals(callTerm(unfollowedCall, [...given.values()].slice(0, mostTerms)), {
    kind: 'constant',
    value: true,
  });
  const label = library === undefined ? `'${name}'` : `'${name}' of '${library}'`;
  return { ...conditionFact(condition, machine.place(frame, at), label), weakness: 'unfollowed' };
}

/** The name under which a condition says that a call, which was not followed, let its caller go on. */
export const unfollowedCall = 'went on';

function termsGiven(value: Value): readonly Term[] {
  const found: Term[] = [...termsIn(value)];
  for (const { row } of rowsIn(value)) found.push({ kind: 'column', row, column: '*' });
  visit(value, inner => {
    if (inner.kind === 'native' && inner.native.name === 'request') found.push({ kind: 'client', path: 'request' });
    if (inner.kind === 'external' && mayIdentify(inner.library, inner.path))
      found.push({ kind: 'principal', attribute: 'unfollowed' });
  });
  return found.filter(term => term.kind !== 'constant' && term.kind !== 'opaque' && term.kind !== 'environment');
}

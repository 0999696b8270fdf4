import { readFileSync } from 'node:fs';
import { DrydockError, messageOf } from '../../core/error.ts';

/** How a connection is protected: not at all, or by TLS with as much verified as is asked for. */
export type Protection =
  | { readonly kind: 'plain' }
  | { readonly kind: 'tls'; readonly verifies: 'nothing' | 'authority' | 'authority-and-host'; readonly ca?: string };

/** Where a live database answers, and the ways to connect, the first of them first. */
export interface ServerAddress {
  /** Without what is said of TLS, which the driver reads in another way than `psql`. */
  readonly url: string;
  readonly ways: readonly [Protection, ...Protection[]];
}

const plain: Protection = { kind: 'plain' };
const encrypted: Protection = { kind: 'tls', verifies: 'nothing' };

/** Reads an address as `psql` does. https://www.postgresql.org/docs/current/libpq-ssl.html#LIBPQ-SSL-SSLMODE-STATEMENTS */
export function readServerAddress(
  text: string,
  environment: Readonly<Record<string, string | undefined>>,
): ServerAddress {
  // Without this the driver would take any word for a path on a host of its own.
  if (!/^postgres(?:ql)?:\/\//i.test(text)) throw noAddress('What --database-url got is no address of a database.');
  const [base = '', query = ''] = text.split(/\?(.*)/s);
  const parameters = new URLSearchParams(query);
  const take = (name: string): string | undefined => {
    const value = parameters.get(name) ?? undefined;
    parameters.delete(name);
    return value;
  };
  const mode = take('sslmode') ?? environment['PGSSLMODE'] ?? (take('ssl') === 'true' ? 'require' : 'prefer');
  const authority = take('sslrootcert') ?? environment['PGSSLROOTCERT'];
  for (const name of ['ssl', 'uselibpqcompat', 'channel_binding', 'sslnegotiation', 'gssencmode']) take(name);
  const rest = parameters.toString().replaceAll('+', '%20');
  const url = rest === '' ? base : `${base}?${rest}`;
  try {
    void new URL(url);
  } catch (thrown) {
    throw noAddress('What --database-url got is no address of one database.', thrown);
  }
  return { url, ways: waysOf(mode, authority) };
}

function noAddress(message: string, cause?: unknown): DrydockError {
  return new DrydockError('usage', message, {
    next: 'It looks like postgres://user@host:5432/name, with one host; in a password # is written %23, / %2F, ? %3F and @ %40.',
    ...(cause === undefined ? {} : { cause }),
  });
}

function waysOf(mode: string, authority: string | undefined): ServerAddress['ways'] {
  const ca = authority === undefined || authority === 'system' ? {} : { ca: readAuthority(authority) };
  switch (mode) {
    case 'disable':
      return [plain];
    case 'allow':
      return [plain, encrypted];
    case 'prefer':
      return [encrypted, plain];
    case 'require':
      return [authority === undefined ? encrypted : { kind: 'tls', verifies: 'authority', ...ca }];
    case 'no-verify':
      return [encrypted];
    case 'verify-ca':
      return [{ kind: 'tls', verifies: 'authority', ...ca }];
    case 'verify-full':
      return [{ kind: 'tls', verifies: 'authority-and-host', ...ca }];
    default:
      throw new DrydockError('usage', `There is no sslmode '${mode}'.`, {
        next: 'It is disable, allow, prefer, require, verify-ca or verify-full.',
      });
  }
}

function readAuthority(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (thrown) {
    throw new DrydockError('usage', `The certificate that sslrootcert names could not be read: ${messageOf(thrown)}.`, {
      next: 'Name the file with the certificate of the authority that signed the server’s.',
      cause: thrown,
    });
  }
}

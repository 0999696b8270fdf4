import { DrydockError, messageOf } from '../../core/error.ts';
import { redact } from '../../core/redact.ts';
import { connect, type Connection } from './connect.ts';
import { readServerAddress, type ServerAddress } from './server-address.ts';

/** Connects to a live database in the first way that it and the address agree on. */
export async function openLive(text: string): Promise<Connection> {
  const address = readServerAddress(text, process.env);
  let refused: unknown;
  for (const protection of address.ways) {
    try {
      return await connect(address.url, { connectTimeoutMs: 10_000, protection, reopens: false });
    } catch (thrown) {
      refused ??= thrown;
      if (!isAboutEncryption(thrown)) {
        refused = thrown;
        break;
      }
    }
  }
  throw unreachable(refused, address);
}

/** The server has no TLS, or its `pg_hba.conf` asks for the other way. */
function isAboutEncryption(thrown: unknown): boolean {
  return /does not support SSL|pg_hba\.conf.*(?:SSL|no) encryption/.test(messageOf(thrown));
}

function unreachable(thrown: unknown, address: ServerAddress): DrydockError {
  const message = redact(messageOf(thrown) || 'no answer');
  const told = /client password must be a string/.test(message)
    ? 'the server asks for a password, and the address has none'
    : message;
  return new DrydockError('database-unreachable', `The database could not be reached: ${told}.`, {
    next: nextOf(thrown, message, address),
    cause: thrown,
  });
}

/** What may help, by what was answered. https://www.postgresql.org/docs/current/errcodes-appendix.html */
const remedies: readonly (readonly [RegExp, string])[] = [
  [/client password must be a string/, 'Write it into the address, or set PGPASSWORD.'],
  [
    /^(?:28P01|28000)\b.*password/s,
    'Check the name and the password; characters such as # and @ are written %23 and %40.',
  ],
  [
    /certificate|altname|^(?:ERR_TLS|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO)/i,
    'Name the certificate of its authority with sslrootcert=<file>; sslmode=require encrypts without asking who answers.',
  ],
  [/does not support SSL/, 'sslmode=disable connects without TLS, where nobody listens in between.'],
  [/pg_hba\.conf.*no encryption/, 'The server asks for TLS here: sslmode=require.'],
  [/pg_hba\.conf/, 'The server’s pg_hba.conf does not let this role, database and machine in together.'],
  [/^3D000/, 'The last part of the address is the name of the database.'],
  [/^(?:57P03|53300)/, 'Try again when the server has started or has connections left.'],
  [
    /^(?:ENETUNREACH|EHOSTUNREACH)/,
    'Such a host may answer on IPv6 alone: a pooler’s address, such as Supabase’s session pooler, answers on IPv4 too.',
  ],
  [
    /^(?:ENOTFOUND|EAI_AGAIN)/,
    'Check the name of the host; one with an IPv6 address alone is not found from everywhere.',
  ],
];

function nextOf(thrown: unknown, message: string, { ways }: ServerAddress): string {
  const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : '';
  const told = `${code} ${message}`;
  const found = remedies.find(([mark]) => mark.test(told) || mark.test(message));
  if (found !== undefined) return found[1];
  return ways.length === 1 && code === ''
    ? 'Check the address, and that what answers there is Postgres; a read-only role is enough.'
    : 'Check the address and the password, and that this machine may connect; a read-only role is enough.';
}

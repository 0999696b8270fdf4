import type { Column, Table } from '../database/types.ts';
import { plainName } from '../../core/names.ts';
import { once } from '../../core/once.ts';

const secretWords =
  /(^|_)(password|passwd|passphrase|secret|salt|api_?key|access_key|private_key|signing_key|encryption_key|access_token|refresh_token|id_token|auth_token|bearer_token|bot_token|session_token|reset_token|verification_token|confirmation_token|recovery_token|credential|totp|otp|mfa_secret|backup_code|recovery_code|ssn|card_number|cvc|cvv|iban|bank_account|account_number|routing_number|service_role|webhook_secret|client_secret|payment_method_token|card_token)(_|$)/;
const hashWords = /(^|_)(hash|hashed|digest)$|^hashed_|_hash$|^encrypted_/;
const sharedTokens =
  /(^|_)(share|public|invite|invitation|join|enroll?|enroll?ment|pair|pairing|registration|access|track|tracking|calendar|feed|unsubscribe|preview|view|embed|magic|download|upload|access_link)_?(token|key|code|link|slug|secret|hash)(_|$)|^(token|invite_code|access_code)$/;
const unrelated =
  /(^|_)(id|at|on|count|length|used|limit|expires|expiry|hint|prefix|suffix|last4|last_four|type|status|name|url|enabled|required|version|changed|requests?|idempotency_key|public_key|publishable_key|price_id)$/;

/** Columns whose values must not reach a browser, by name and type. */
export function secretColumns(table: Table): readonly string[] {
  return table.columns.filter(column => isSecret(column, table)).map(column => column.name);
}

/** Columns that, being unguessable and unique, authorise whoever knows them. */
export function capabilityColumns(table: Table): readonly string[] {
  return table.columns.filter(column => isCapability(column, table)).map(column => column.name);
}

/** A code that was sent to one person, and that is good for a while or a few attempts: nobody else knows it. */
export function isOneTimeCode(column: Column, table: Table): boolean {
  const name = plainName(column.name);
  if (/(^|_)(otp|pin|passcode|one_time_(code|password))$/.test(name)) return true;
  if (!/(^|_)(code|value)$/.test(name)) return false;
  const lapses = table.columns.some(other =>
    /(^|_)(expires?|expires?_at|expiry|expiration|verified|verified_at|consumed|consumed_at|used|used_at|redeemed_at|attempts?)$/.test(
      plainName(other.name),
    ),
  );
  return lapses || /verif|confirm|(^|_)otp/.test(`${plainName(table.name)} ${name}`);
}

const lapse = /(^|_)expir(es?|es?_at|y|ation)$/;

/** Tables in which authentication libraries keep sessions, linked accounts and one-time codes. */
export const isAuthenticationTable = once((table: Table): boolean => {
  const columns = new Set(table.columns.map(column => plainName(column.name).replaceAll('_', '')));
  const has = (...names: readonly string[]): boolean => names.some(name => columns.has(name));
  const isAccount =
    has('provider', 'providerid', 'providertype') &&
    has('accesstoken', 'provideraccountid', 'accountid', 'refreshtoken');
  const isSession =
    has('token', 'sessiontoken', 'tokenhash') &&
    has('expire', 'expiresat', 'expire_at') &&
    has('userid') &&
    columns.size <= 14;
  const isVerification =
    has('identifier', 'email') && has('token', 'value', 'code') && has('expire', 'expiresat') && columns.size <= 8;
  const isAuthenticator = has('credentialid') && has('counter', 'publickey', 'credentialpublickey');
  return isAccount || isSession || isVerification || isAuthenticator;
});

function isSecret(column: Column, table: Table): boolean {
  const name = plainName(column.name);
  if (!holdsText(column) || unrelated.test(name)) return false;
  if (isAuthenticationTable(table) && /^(token|value|session_token|code|public_key|credential_id)$/.test(name))
    return true;
  // A device that is remembered for a while; where messages are pushed to it, its token lasts.
  if (/^(device|remember)_token$/.test(name) && table.columns.some(other => lapse.test(plainName(other.name))))
    return true;
  // `key` of `api_keys` says by its table what it is.
  if (name === 'key' && /(^|_)(?:api|access|secret)_?keys?$/.test(plainName(table.name))) return true;
  return secretWords.test(name) || (hashWords.test(name) && !/content|file|commit|block|image|etag/.test(name));
}

function isCapability(column: Column, table: Table): boolean {
  const name = plainName(column.name);
  const unique = table.uniqueKeys.some(key => key.length === 1 && key[0] === column.name);
  const random = column.type === 'uuid' && column.hasDefault;
  if (isTokenOfRow(name, column, table)) return true;
  // Sold or given to one customer, and good for whatever rows were made for it.
  if (
    holdsText(column) &&
    /(?:^|_)(?:licen[sc]e|activation|redemption|redeem|claim|gift_card)_(?:key|code|token)$/.test(name)
  )
    return true;
  if (!holdsText(column) || (!unique && !random)) return false;
  if (unrelated.test(name)) return false;
  // `code` of an invitation says by its table what it is.
  if (unique && /^(code|key|hash)$/.test(name) && /invit|link|share|token|pass|voucher/.test(plainName(table.name)))
    return true;
  return sharedTokens.test(name)
    ? !/^slug$/.test(name)
    : /(^|_)(token|key_hash|api_key|secret)(_|$)/.test(name) || (hashWords.test(name) && unique);
}

const coins = /coin|crypto|wallet|balance|holding|swap|chain|price|llm|usage/;

/** A token that every row has is random, whether or not the schema says that no two are alike; one of money is a name. */
function isTokenOfRow(name: string, column: Column, table: Table): boolean {
  if (
    !/^(?:(?:access|share|sharing|public|sign|signing|invite|invitation|recipient|guest|view|edit)_)?token$/.test(name)
  )
    return false;
  const others = table.columns.some(other => /^(?:symbol|decimals|chain|chain_id|amount)$/.test(plainName(other.name)));
  const provider = table.columns.some(other =>
    /^(?:provider|platform|device|os|device_type)(?:_id)?$/.test(plainName(other.name)),
  );
  return holdsText(column) && column.notNull && !others && !provider && !coins.test(plainName(table.name));
}

function holdsText(column: Column): boolean {
  return /^(text|character varying|character|varchar|citext|uuid|bytea|json|jsonb|text\[\])/.test(column.type);
}

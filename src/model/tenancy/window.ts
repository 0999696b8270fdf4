import { plainName } from '../../core/names.ts';
import type { Table } from '../database/types.ts';
import { isActorColumn, isPersonalColumn } from './names.ts';
import { capabilityColumns, isAuthenticationTable, secretColumns } from './secrets.ts';

/**
 * Whether rows could stand in a shop window: nothing in them is a secret, is about a person or says what something cost.
 * Names only, so that in doubt they could not.
 */
export function fitsWindow(table: Table, owning: string | undefined): boolean {
  return (
    !isAuthenticationTable(table) &&
    !affairs.test(plainName(table.name)) &&
    secretColumns(table).length === 0 &&
    capabilityColumns(table).length === 0 &&
    table.columns.every(({ name }) => name === owning || isHarmless(name))
  );
}

function isHarmless(column: string): boolean {
  const name = plainName(column);
  if (isPersonalColumn(column) || inner.test(name)) return false;
  return isActorColumn(column) || !somebody.test(name);
}

const people =
  'user|customer|client|patient|lead|contact|employee|student|guest|member|subscriber|buyer|payer|recipient|candidate|applicant|attendee|tenant_user|profile|person|people|visitor|guardian|parent_profile|child|children';
/** A key or a name of somebody outside, or of one of the people. */
const somebody = new RegExp(`(^|_)(?:${people})(_id|_uuid|_name|_key)?$`);
/** Tables whose rows are a tenant's affairs with somebody. */
const affairs = new RegExp(
  `(^|_)(?:${people}|order|invoice|payment|payout|transaction|booking|appointment|reservation|message|conversation|chat|subscription|contract|ticket|session|log|event_log|audit|key|token|secret|credential|document|report|record|note|lead|deal|task|quote|estimate|expense|salary|visit|consultation|prescription|submission|response|application|upload|file|notification|device|integration|webhook|setting|config|configuration)(_item|_line|_entry)?$`,
);
/** What is said of people, of money between them, and within the house. */
const inner =
  /(^|_)(mobile|whatsapp|telephone|tel|cell|fax|cpf|cnpj|rut|dni|nif|nric|vat|tax_id|tax_number|passport|national_id|id_number|licen[cs]e|salary|wage|commission|payroll|cost|margin|profit|markup|supplier|vendor|wholesale|purchase_price|buying_price|revenue|turnover|balance|amount|total|paid|budget|debt|credit|token|secret|password|passcode|pin|api_key|access_key|credential|webhook|config|configuration|setting|payload|stripe|paypal|billing|note|internal|private|confidential|diagnosis|medical|health|allergy|religion|gender|age|birth\w*|ip|latitude|longitude|signature|bank|iban|card)(_|$)/;

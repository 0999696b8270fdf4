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

/** Whether a table is called as what a house offers: an active project is no offer. */
export function isCatalogue({ name }: Table): boolean {
  return offers.test(plainName(name.split('.').at(-1) ?? ''));
}

const offers =
  /(^|_)(product|service|menu|menu_item|dish|drink|category|subcategory|plan|package|tier|price|pricing|offer|offering|promotion|collection|brand|variant|option|addon|extra|course|class|lesson|workshop|event|room|room_type|branch|location|outlet|store|shop|treatment|procedure|amenity|facility|listing|catalog|catalogue|banner|slide|testimonial|review|faq|page|post|article|blog|gallery|portfolio|opening_hour|timetable|produto|servico|categoria|plano|producto|servicio|sucursal)(_list|_item|_entry|_option|_variant|_image|_photo|_translation)?$/;

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

import { plainName } from '../../core/names.ts';

/** What names of tables and columns suggest. Suggestions only decide where keys and policies leave a choice. */

const tenantWords =
  'organi[sz]ation|org|team|workspace|tenant|company|account|business|customer_account|client_account|agency|firm|studio|shop|store|restaurant|clinic|practice|school|club|household|family|group|space|site|project|property|merchant|vendor|partner|community|brand|institution|department';
const tenantNouns = new RegExp(`^(?:app_|core_|saas_)?(?:${tenantWords})$`);
const administrators = new RegExp(
  `^(?:super_?)?(?:owner|admin|administrator)$|^(?:${tenantWords})[_-]?(?:owner|admin|administrator)$`,
  'i',
);

/** Whether a table is called as tenants are called. */
export function isTenantNoun(table: string): boolean {
  return tenantNouns.test(plainName(table));
}

/** Whether a table is called as users are called. */
export function isUserNoun(table: string): boolean {
  return /^(?:app_|auth_|next_auth_|core_)?(user|person|people|member_user|login|account_user)$/.test(plainName(table));
}

/** Whether a table is called as the list of who belongs where is called. */
export function isMembershipNoun(table: string, root: string): boolean {
  const name = plainName(table);
  const tenant = plainName(root);
  if (/(^|_)(member|membership|collaborator|seat|staff|employee|teammate)$/.test(name)) return true;
  if (/^user_(role|membership|tenant|account|workspace|team|org(ani[sz]ation)?|company)$/.test(name)) return true;
  return [
    `${tenant}_user`,
    `user_${tenant}`,
    `${tenant}_profile`,
    `users_${tenant}`,
    `users_on_${tenant}`,
    `user_on_${tenant}`,
    'account_user',
  ].includes(name);
}

/** Whether a column names the user that a row is about, rather than one who did something to it. */
export function isUserColumn(column: string): boolean {
  return /^(user|profile|member|account|owner|person|auth_user|customer|student|employee|staff)(_?id|_uuid)?$/.test(
    plainName(column),
  );
}

/** Whether a column names somebody who did something to a row. */
export function isActorColumn(column: string): boolean {
  return /(_by|_by_id|_by_user_id|^author_id|^creator_id|^inviter_id|^assignee_id|^assigned_to|^reviewer_id|^sender_id|^uploader_id|^approver_id)$/.test(
    plainName(column),
  );
}

/** Whether a column holds a role; in the languages that apps name their columns in. */
export function isRoleColumn(column: string): boolean {
  return /^(.*_)?(role|access_level|permission_level|member_type|rol|papel|perfil|funcao|rolle|ruolo)$/.test(
    plainName(column),
  );
}

/** Whether a value of a role column means administrator. */
export function isAdministratorRole(value: string): boolean {
  return administrators.test(value);
}

/** Whether a role, beside those within a tenant, is one of those who run the app. */
export function isStaffRole(value: string): boolean {
  return /^(super|global|platform|system)[_-]?(admin|owner|user|staff)/i.test(value);
}

/** Whether a role that names no tenant is one of those who run the app, whoever writes it. */
export function isRoleBeyondTenants(value: string): boolean {
  return /super|global|platform|system|staff|root|internal|moderator|support/i.test(value);
}

/** Whether a role that names no tenant sounds like one that not everybody has. */
export function isPrivilegedRole(value: string): boolean {
  return isRoleBeyondTenants(value) || isSeniorRole(value);
}

/** Whether a role says, within a tenant too, that its holder decides for others. */
export function isSeniorRole(value: string): boolean {
  return /admin|owner|manager|operator|operations|reviewer|developer|^editor$/i.test(value);
}

/** Whether a column says of a tenant's people, too, that they run the app: `is_admin` would be of the tenant's. */
export function isFlagBeyondTenants(column: string): boolean {
  return /^(is_?)?(super|platform|global|system|master)_?(admin|administrator|user|owner|staff)$|^is_?master$|^superuser$/.test(
    plainName(column),
  );
}

/** Whether a column says yes of those who run the app. */
export function isStaffFlag(column: string): boolean {
  return /^is_?(super_?|platform_?|global_?|system_?|app_?|master_?)?(admin|administrator|user_?admin|staff|owner|moderator|superuser)$|^is_?master$|^(super_?admin|superuser|staff)$/.test(
    plainName(column),
  );
}

/** Whether the rows of a table say that something was shared. */
export function isShareNoun(table: string): boolean {
  return /(^|_)(share|shared|sharing)(_|$)|^public_/.test(plainName(table));
}

/** Whether a column tells about a person. */
export function isPersonalColumn(column: string): boolean {
  // `email_limits` and `invite_email_data` are about mail; `billing_email` and `address_line1` are somebody's.
  return /(^|_)((e?mail|phone|address)(_address|_number|_hash|_line_?\d?)?|first_name|last_name|full_name|birth(_?da(y|te))?|date_of_birth|dob|ssn|ip_address|iban)$/.test(
    plainName(column),
  );
}

/** Whether a value of a row is the id of a tenant. Postgres writes a uuid in lower case, whoever asked in upper case. */
export function isSameId(value: unknown, id: string): boolean {
  const text =
    typeof value === 'string'
      ? value
      : typeof value === 'number' || typeof value === 'bigint'
        ? String(value)
        : undefined;
  if (text === undefined) return false;
  return text === id || (uuid.test(text) && text.toLowerCase() === id.toLowerCase());
}

const uuid = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i;

/** What an app may call the tenant of a session, the column's own name first. */
export function tenantNames(column: string): readonly string[] {
  const camel = column.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
  const active = `active${camel.charAt(0).toUpperCase()}${camel.slice(1)}`;
  const current = `current${camel.charAt(0).toUpperCase()}${camel.slice(1)}`;
  return [...new Set([camel, column, active, current, 'tenantId', 'organizationId', 'orgId', 'teamId', 'workspaceId'])];
}

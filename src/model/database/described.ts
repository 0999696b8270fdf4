/** What nobody knows of a table that only code describes: who owns it, its policies, its grants. */
export const describedTable = {
  fromSchema: true,
  owner: '',
  kind: 'table',
  indexes: [],
  rowSecurity: false,
  forceRowSecurity: false,
  policies: [],
  grants: [],
} as const;

// Whose the rows of harbor's tables are, as `drydock guard init` would say it.
const tenant = table => ({ kind: 'tenant', table, column: 'organization_id' });

/** @type {import('@drydock/guard/sql').SqlOptions} */
export const tables = {
  tool: 'drizzle',
  types: { tenant: 'text', user: 'text' },
  settings: { tenant: 'app.organization_id', user: 'app.user_id' },
  membership: {
    table: 'member',
    user: 'user_id',
    tenant: 'organization_id',
    // better-auth's organization plugin adds and removes members.
    commands: ['select'],
    indexed: true,
    auth: true,
  },
  tables: [
    { kind: 'tenants', table: 'organization', auth: true },
    { kind: 'users', table: 'user', commands: ['select'], auth: true },
    { kind: 'user', table: 'profiles', column: 'user_id', readableBy: 'tenant', indexed: true },
    { ...tenant('customers'), indexed: true },
    { ...tenant('orders'), indexed: true },
    { ...tenant('invoices'), indexed: true },
    tenant('messages'),
    { ...tenant('subscriptions'), indexed: true },
    { ...tenant('api_keys'), indexed: true },
    { ...tenant('uploads'), indexed: true },
    tenant('notes'),
    { ...tenant('saved_exports'), indexed: true, rowSecurity: 'forced' },
    { ...tenant('quotes'), indexed: true, rowSecurity: 'on' },
    { ...tenant('tasks'), indexed: true, rowSecurity: 'forced' },
    { ...tenant('contacts'), indexed: true, rowSecurity: 'forced' },
    { ...tenant('claims'), indexed: true, rowSecurity: 'forced' },
    { kind: 'child', table: 'order_stops', column: 'order_id', parent: 'orders', indexed: true },
    { kind: 'child', table: 'tracking_links', column: 'order_id', parent: 'orders' },
    { kind: 'reference', table: 'equipment_types' },
    { kind: 'reference', table: 'stripe_events', commands: [] },
    { kind: 'auth', table: 'session' },
    { kind: 'auth', table: 'account' },
    { kind: 'auth', table: 'verification' },
    { kind: 'auth', table: 'invitation' },
  ],
  views: ['quote_summaries', 'open_tasks'],
  functions: ['quote_history(uuid)', 'task_history(uuid)'],
};

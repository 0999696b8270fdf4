import { relations } from 'drizzle-orm';
import { boolean, date, index, integer, pgTable, text, timestamp, uniqueIndex, uuid } from 'drizzle-orm/pg-core';
import { organization, user } from './auth-schema';

export * from './auth-schema';

const id = () => uuid('id').primaryKey().defaultRandom();
const createdAt = () => timestamp('created_at').notNull().defaultNow();
const organizationId = () =>
  text('organization_id')
    .notNull()
    .references(() => organization.id, { onDelete: 'cascade' });

export const equipmentTypes = pgTable('equipment_types', {
  id: id(),
  code: text('code').notNull().unique(),
  label: text('label').notNull(),
  maxWeightLbs: integer('max_weight_lbs').notNull(),
});

export const customers = pgTable(
  'customers',
  {
    id: id(),
    organizationId: organizationId(),
    name: text('name').notNull(),
    email: text('email').notNull(),
    phone: text('phone'),
    city: text('city'),
    status: text('status').notNull().default('active'),
    creditLimitCents: integer('credit_limit_cents').notNull().default(0),
    createdAt: createdAt(),
  },
  table => [index('customers_organization_id_idx').on(table.organizationId)],
);

export const orders = pgTable(
  'orders',
  {
    id: id(),
    organizationId: organizationId(),
    customerId: uuid('customer_id')
      .notNull()
      .references(() => customers.id, { onDelete: 'cascade' }),
    equipmentTypeId: uuid('equipment_type_id').references(() => equipmentTypes.id),
    reference: text('reference').notNull(),
    origin: text('origin').notNull(),
    destination: text('destination').notNull(),
    status: text('status').notNull().default('draft'),
    priceCents: integer('price_cents').notNull().default(0),
    carrierCostCents: integer('carrier_cost_cents').notNull().default(0),
    pickupDate: date('pickup_date'),
    archivedAt: timestamp('archived_at'),
    createdBy: text('created_by').references(() => user.id, { onDelete: 'set null' }),
    createdAt: createdAt(),
  },
  table => [
    index('orders_organization_id_idx').on(table.organizationId),
    index('orders_customer_id_idx').on(table.customerId),
  ],
);

export const orderStops = pgTable(
  'order_stops',
  {
    id: id(),
    orderId: uuid('order_id')
      .notNull()
      .references(() => orders.id, { onDelete: 'cascade' }),
    position: integer('position').notNull(),
    address: text('address').notNull(),
    instructions: text('instructions'),
    arrivedAt: timestamp('arrived_at'),
  },
  table => [index('order_stops_order_id_idx').on(table.orderId)],
);

export const messages = pgTable(
  'messages',
  {
    id: id(),
    organizationId: organizationId(),
    orderId: uuid('order_id')
      .notNull()
      .references(() => orders.id, { onDelete: 'cascade' }),
    authorId: text('author_id').references(() => user.id, { onDelete: 'set null' }),
    body: text('body').notNull(),
    readAt: timestamp('read_at'),
    createdAt: createdAt(),
  },
  table => [index('messages_order_id_idx').on(table.orderId)],
);

export const invoices = pgTable(
  'invoices',
  {
    id: id(),
    organizationId: organizationId(),
    customerId: uuid('customer_id')
      .notNull()
      .references(() => customers.id, { onDelete: 'cascade' }),
    orderId: uuid('order_id').references(() => orders.id, { onDelete: 'set null' }),
    number: text('number').notNull(),
    amountCents: integer('amount_cents').notNull(),
    status: text('status').notNull().default('open'),
    memo: text('memo'),
    dueDate: date('due_date'),
    paidAt: timestamp('paid_at'),
    createdAt: createdAt(),
  },
  table => [
    uniqueIndex('invoices_organization_number_idx').on(table.organizationId, table.number),
    index('invoices_customer_id_idx').on(table.customerId),
  ],
);

export const subscriptions = pgTable(
  'subscriptions',
  {
    id: id(),
    organizationId: organizationId().unique(),
    stripeCustomerId: text('stripe_customer_id').unique(),
    stripeSubscriptionId: text('stripe_subscription_id'),
    plan: text('plan').notNull().default('starter'),
    status: text('status').notNull().default('trialing'),
    billingEmail: text('billing_email').notNull(),
    loadCredits: integer('load_credits').notNull().default(0),
    currentPeriodEnd: timestamp('current_period_end'),
    updatedAt: timestamp('updated_at').notNull().defaultNow(),
  },
  table => [index('subscriptions_billing_email_idx').on(table.billingEmail)],
);

export const stripeEvents = pgTable('stripe_events', {
  id: text('id').primaryKey(),
  type: text('type').notNull(),
  receivedAt: timestamp('received_at').notNull().defaultNow(),
});

export const apiKeys = pgTable(
  'api_keys',
  {
    id: id(),
    organizationId: organizationId(),
    name: text('name').notNull(),
    prefix: text('prefix').notNull(),
    keyHash: text('key_hash').notNull().unique(),
    createdBy: text('created_by').references(() => user.id, { onDelete: 'set null' }),
    lastUsedAt: timestamp('last_used_at'),
    createdAt: createdAt(),
  },
  table => [index('api_keys_organization_id_idx').on(table.organizationId)],
);

export const profiles = pgTable('profiles', {
  userId: text('user_id')
    .primaryKey()
    .references(() => user.id, { onDelete: 'cascade' }),
  displayName: text('display_name').notNull(),
  title: text('title'),
  phone: text('phone'),
  timezone: text('timezone').notNull().default('America/Chicago'),
  calendarToken: uuid('calendar_token').notNull().defaultRandom(),
  updatedAt: timestamp('updated_at').notNull().defaultNow(),
});

export const uploads = pgTable(
  'uploads',
  {
    id: id(),
    organizationId: organizationId(),
    orderId: uuid('order_id').references(() => orders.id, { onDelete: 'cascade' }),
    uploadedBy: text('uploaded_by').references(() => user.id, { onDelete: 'set null' }),
    filename: text('filename').notNull(),
    contentType: text('content_type').notNull().default('text/plain'),
    content: text('content').notNull(),
    createdAt: createdAt(),
  },
  table => [index('uploads_organization_id_idx').on(table.organizationId)],
);

export const notes = pgTable(
  'notes',
  {
    id: id(),
    organizationId: organizationId(),
    customerId: uuid('customer_id')
      .notNull()
      .references(() => customers.id, { onDelete: 'cascade' }),
    authorId: text('author_id').references(() => user.id, { onDelete: 'set null' }),
    body: text('body').notNull(),
    pinned: boolean('pinned').notNull().default(false),
    createdAt: createdAt(),
  },
  table => [index('notes_customer_id_idx').on(table.customerId)],
);

export const savedExports = pgTable(
  'saved_exports',
  {
    id: id(),
    organizationId: organizationId(),
    createdBy: text('created_by').references(() => user.id, { onDelete: 'set null' }),
    name: text('name').notNull(),
    content: text('content').notNull(),
    createdAt: createdAt(),
  },
  table => [index('saved_exports_organization_id_idx').on(table.organizationId)],
);

export const trackingLinks = pgTable('tracking_links', {
  token: uuid('token').primaryKey().defaultRandom(),
  orderId: uuid('order_id')
    .notNull()
    .references(() => orders.id, { onDelete: 'cascade' }),
  expiresAt: timestamp('expires_at'),
  createdAt: createdAt(),
});

export const quotes = pgTable(
  'quotes',
  {
    id: id(),
    organizationId: organizationId(),
    customerId: uuid('customer_id')
      .notNull()
      .references(() => customers.id, { onDelete: 'cascade' }),
    lane: text('lane').notNull(),
    rateCents: integer('rate_cents').notNull(),
    status: text('status').notNull().default('sent'),
    validUntil: date('valid_until'),
    createdBy: text('created_by').references(() => user.id, { onDelete: 'set null' }),
    createdAt: createdAt(),
  },
  table => [index('quotes_organization_id_idx').on(table.organizationId)],
);

export const tasks = pgTable(
  'tasks',
  {
    id: id(),
    organizationId: organizationId(),
    title: text('title').notNull(),
    details: text('details'),
    status: text('status').notNull().default('todo'),
    dueDate: date('due_date'),
    createdBy: text('created_by').references(() => user.id, { onDelete: 'set null' }),
    createdAt: createdAt(),
  },
  table => [index('tasks_organization_id_idx').on(table.organizationId)],
);

export const contacts = pgTable(
  'contacts',
  {
    id: id(),
    organizationId: organizationId(),
    customerId: uuid('customer_id').references(() => customers.id, { onDelete: 'set null' }),
    name: text('name').notNull(),
    email: text('email').notNull(),
    phone: text('phone'),
    visibility: text('visibility').notNull().default('team'),
    createdAt: createdAt(),
  },
  table => [index('contacts_organization_id_idx').on(table.organizationId)],
);

export const claims = pgTable(
  'claims',
  {
    id: id(),
    organizationId: organizationId(),
    orderId: uuid('order_id').references(() => orders.id, { onDelete: 'set null' }),
    reason: text('reason').notNull(),
    amountCents: integer('amount_cents').notNull(),
    status: text('status').notNull().default('open'),
    createdAt: createdAt(),
  },
  table => [index('claims_organization_id_idx').on(table.organizationId)],
);

export const customersRelations = relations(customers, ({ one, many }) => ({
  organization: one(organization, { fields: [customers.organizationId], references: [organization.id] }),
  orders: many(orders),
  invoices: many(invoices),
  notes: many(notes),
}));

export const equipmentTypesRelations = relations(equipmentTypes, ({ many }) => ({
  orders: many(orders),
}));

export const ordersRelations = relations(orders, ({ one, many }) => ({
  customer: one(customers, { fields: [orders.customerId], references: [customers.id] }),
  equipmentType: one(equipmentTypes, { fields: [orders.equipmentTypeId], references: [equipmentTypes.id] }),
  stops: many(orderStops),
  messages: many(messages),
  uploads: many(uploads),
}));

export const orderStopsRelations = relations(orderStops, ({ one }) => ({
  order: one(orders, { fields: [orderStops.orderId], references: [orders.id] }),
}));

export const messagesRelations = relations(messages, ({ one }) => ({
  order: one(orders, { fields: [messages.orderId], references: [orders.id] }),
  author: one(user, { fields: [messages.authorId], references: [user.id] }),
}));

export const invoicesRelations = relations(invoices, ({ one }) => ({
  customer: one(customers, { fields: [invoices.customerId], references: [customers.id] }),
  order: one(orders, { fields: [invoices.orderId], references: [orders.id] }),
}));

export const uploadsRelations = relations(uploads, ({ one }) => ({
  order: one(orders, { fields: [uploads.orderId], references: [orders.id] }),
}));

export const notesRelations = relations(notes, ({ one }) => ({
  customer: one(customers, { fields: [notes.customerId], references: [customers.id] }),
  author: one(user, { fields: [notes.authorId], references: [user.id] }),
}));

export const trackingLinksRelations = relations(trackingLinks, ({ one }) => ({
  order: one(orders, { fields: [trackingLinks.orderId], references: [orders.id] }),
}));

export const quotesRelations = relations(quotes, ({ one }) => ({
  customer: one(customers, { fields: [quotes.customerId], references: [customers.id] }),
}));

export type Order = typeof orders.$inferSelect;
export type Customer = typeof customers.$inferSelect;
export type Invoice = typeof invoices.$inferSelect;
export type Note = typeof notes.$inferSelect;

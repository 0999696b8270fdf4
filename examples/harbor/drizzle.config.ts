export default {
  dialect: 'postgresql',
  schema: ['./lib/db/schema.ts', './lib/db/auth-schema.ts'],
  out: './drizzle',
  dbCredentials: { url: process.env.DATABASE_URL ?? '' },
};

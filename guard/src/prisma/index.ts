/** Callers of one Prisma client, kept apart. */
export { guardPrisma } from './guard-prisma.ts';

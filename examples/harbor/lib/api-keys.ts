import { createHash, randomBytes } from 'node:crypto';
import { eq } from 'drizzle-orm';
import { db } from './db';
import { apiKeys } from './db/schema';

function hashKey(key: string): string {
  return createHash('sha256').update(key).digest('hex');
}

export async function issueApiKey(organizationId: string, createdBy: string, name: string): Promise<string> {
  const key = `hk_${randomBytes(24).toString('base64url')}`;
  await db.insert(apiKeys).values({ organizationId, createdBy, name, prefix: key.slice(0, 8), keyHash: hashKey(key) });
  return key;
}

/** The organization an `Authorization: Bearer hk_…` header belongs to. */
export async function authenticateApiKey(request: Request): Promise<{ organizationId: string } | null> {
  const header = request.headers.get('authorization');
  if (!header?.startsWith('Bearer hk_')) return null;
  const [key] = await db
    .update(apiKeys)
    .set({ lastUsedAt: new Date() })
    .where(eq(apiKeys.keyHash, hashKey(header.slice('Bearer '.length))))
    .returning({ organizationId: apiKeys.organizationId });
  return key ?? null;
}

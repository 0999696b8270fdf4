// What the app had before the guard: a pool of the owner's, which no policy holds.
import pg from 'pg';

export const openPool = () => new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 10 });

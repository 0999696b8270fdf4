/**
 * The setting that names the function that PostgREST calls before each request. A session that carries it calls the function
 * after it took its role: as the same role, and before its own statement.
 */
export const preRequestSetting = 'pgrst.db_pre_request';

/** The call that PostgREST makes, for a `select` or `perform`. */
export function preRequestCall(settings: Readonly<Record<string, string>>): string | undefined {
  const name = settings[preRequestSetting];
  return name === undefined ? undefined : `${name}()`;
}

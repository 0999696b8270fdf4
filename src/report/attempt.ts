import { splitTranscript } from './transcript.ts';

/** What an attempt came to, read from its transcript. */
export interface AttemptSummary {
  /** Statements that the attacker ran, settings of the session apart. */
  readonly statements: number;
  /** Tables whose rows the attacker could read after the first statement, and not before. */
  readonly opened: readonly string[];
}

/** Counts what an attacker does in a transcript; what the superuser counts between is no part of it. */
export function summarizeAttempt(transcript: string): AttemptSummary {
  const statements: string[] = [];
  let isActor = false;
  for (const line of splitTranscript(transcript).attempt.split('\n')) {
    if (line.startsWith('set local role ')) isActor = true;
    else if (line.startsWith('reset role;')) isActor = false;
    else if (
      isActor &&
      /;\s*(?:--.*)?$/.test(line) &&
      !/^(?:--|rollback;|select set_config\(|select .*; -- before each request$)/.test(line)
    )
      statements.push(line);
  }
  const opened = statements
    .slice(1)
    .filter(statement => /-- seen: [1-9]/.test(statement))
    .flatMap(statement => /\bfrom "([^"]+)"\."([^"]+)"/.exec(statement)?.slice(1, 3).join('.') ?? []);
  return { statements: statements.length, opened: [...new Set(opened)] };
}

import type { Cell } from '../core/cell.ts';
import type { Finding } from '../core/finding.ts';
import type { Gap } from '../core/gap.ts';
import type { Path } from '../core/path.ts';
import type { Severity } from '../core/verdict.ts';
import type { AppModel, QueryPath } from '../model/app/types.ts';
import type { DatabaseModel } from '../model/database/types.ts';
import type { TenancyModel } from '../model/tenancy/types.ts';

/** A path with the model it was judged from. */
export interface JudgedPath extends Path {
  readonly model: QueryPath;
  /** The reference to another tenant's row that is written, where the path is about one. */
  readonly reference?: { readonly column: string; readonly table: string };
}

/** What checks may look at. `app` is absent under `rules`; `cells` is empty when nothing was replayed. */
export interface CheckInput {
  readonly app: AppModel | undefined;
  readonly paths: readonly JudgedPath[];
  readonly database: DatabaseModel;
  readonly tenancy: TenancyModel;
  readonly cells: readonly Cell[];
}

/** A finding before order and fingerprint were given. `subject` identifies it without line numbers. */
export interface CheckFinding extends Omit<Finding, 'check' | 'cwe' | 'severity' | 'fingerprint'> {
  readonly subject: string;
  /** Where this instance is worse or milder than the check's own severity. */
  readonly severity?: Severity;
}

/** One thing Drydock looks for: a pure function of models. */
export interface Check {
  readonly id: string;
  readonly title: string;
  readonly severity: Severity;
  readonly cwe: number;
  readonly needs: 'app' | 'database';
  readonly judge: (input: CheckInput) => { readonly findings: readonly CheckFinding[]; readonly gaps: readonly Gap[] };
}

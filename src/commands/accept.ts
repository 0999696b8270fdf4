import { checks } from '../checks/index.ts';
import { readSuppressions } from '../config/suppressions.ts';
import type { Judged } from '../judge/judge.ts';
import { suppress } from '../judge/suppress.ts';
import type { Analysis } from './analyse.ts';

/** Takes out what comments in the code accept. */
export function accept(
  { findings, paths }: Judged,
  { source, app, collected }: Pick<Analysis, 'source' | 'app' | 'collected'>,
): ReturnType<typeof suppress> {
  const files = new Set([
    ...(source?.loaded() ?? []).map(module => module.file),
    ...findings.map(finding => finding.file),
    ...(app?.entryPoints ?? []).map(entryPoint => entryPoint.file),
  ]);
  const migrations = new Map(collected?.migrations?.files.map(each => [each.file, each.text]));
  const texts = new Map([...files].map(file => [file, migrations.get(file) ?? source?.text(file) ?? '']));
  const suppressions = [...texts, ...migrations].flatMap(([file, text]) => readSuppressions(file, text));
  const half = (needs: 'app' | 'database'): readonly string[] =>
    checks.filter(check => check.needs === needs).map(check => check.id);
  return suppress({
    findings,
    paths,
    suppressions: [...new Map(suppressions.map(each => [`${each.file}:${each.line}`, each])).values()],
    checks: checks.map(check => check.id),
    judged: new Set([...(app === undefined ? [] : half('app')), ...(collected === undefined ? [] : half('database'))]),
  });
}

import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { drydock, root } from './drydock.ts';
import type { Run } from './drydock.ts';
import { readTruth } from '../truth/compare.ts';

interface ReportedAttack {
  readonly entryPoint: string;
  readonly outcome: string;
  readonly observed: string;
  readonly findings: readonly string[];
}

interface Report {
  readonly before: Readonly<Record<string, number>>;
  readonly after: Readonly<Record<string, number>>;
  readonly probeBefore: {
    readonly attacks: readonly ReportedAttack[];
    readonly ownAccess: readonly { readonly outcome: string; readonly entryPoint: string }[];
  };
  readonly probeAfter: {
    readonly attacks: readonly ReportedAttack[];
    readonly ownAccess: readonly { readonly outcome: string; readonly entryPoint: string }[];
  };
  readonly traceAfter: { readonly summary: Readonly<Record<string, number>> };
  readonly tests: {
    readonly written: number;
    readonly failingBefore: number;
    readonly passingAfter: number;
    readonly files: readonly string[];
  };
  readonly fixes: readonly {
    readonly offered: boolean;
    readonly verification: readonly { readonly step: string; readonly outcome: string }[];
  }[];
}

const app = join(root, 'examples/harbor');

/** The main job, once, on the real app: a real build, a real Postgres, real sign-ins. Takes minutes. */
describe('a rescue of the example app', () => {
  const truth = readTruth('harbor');
  let run: Run;
  let report: Report;
  let statusBefore = '';

  beforeAll(async () => {
    statusBefore = execFileSync('git', ['status', '--porcelain', '--', 'examples/harbor'], {
      cwd: root,
      encoding: 'utf8',
    });
    run = await drydock(['rescue', app, '--json']);
    report = JSON.parse(run.stdout) as Report;
  }, 900_000);

  test('every seeded leak that HTTP can show is exploited before', () => {
    const shown = new Set(
      report.probeBefore.attacks.filter(attack => attack.outcome === 'leaked').map(attack => attack.entryPoint),
    );
    const missed = truth.leaks.filter(leak => leak.http && !shown.has(leak.entryPoint ?? '')).map(leak => leak.id);
    expect(missed).toEqual([]);
    expect(report.before['leaksExploited']).toBeGreaterThanOrEqual(25);
  });

  test('no attack is said to get through where nothing leaks', () => {
    const known = new Set(
      truth.leaks.flatMap(leak => [
        leak.entryPoint,
        ...(typeof leak.alsoFrom === 'string' ? [leak.alsoFrom] : (leak.alsoFrom ?? [])),
      ]),
    );
    const wrong = report.probeBefore.attacks.filter(
      attack => attack.outcome === 'leaked' && !known.has(attack.entryPoint),
    );
    expect(wrong.map(attack => `${attack.entryPoint}: ${attack.observed}`)).toEqual([]);
  });

  test('what the running app gives away, the judgement of the code knew', () => {
    const surprises = report.probeBefore.attacks.filter(
      attack => attack.outcome === 'leaked' && attack.findings.length === 0,
    );
    expect(surprises.map(attack => `${attack.entryPoint}: ${attack.observed}`)).toEqual([]);
  });

  test('the same attacks fail on the repaired copy', () => {
    const left = report.probeAfter.attacks.filter(attack => attack.outcome === 'leaked');
    expect(left.map(attack => `${attack.entryPoint}: ${attack.observed}`)).toEqual([]);
    expect(report.after['leaksExploited']).toBe(0);
    expect(report.traceAfter.summary['leaks']).toBe(0);
  });

  test('every owner still reaches their own data', () => {
    expect(report.after['ownAccessWorking']).toBe(report.before['ownAccessChecks']);
    expect(report.before['ownAccessChecks']).toBeGreaterThan(100);
    expect(
      report.probeAfter.ownAccess.filter(check => check.outcome === 'fails').map(check => check.entryPoint),
    ).toEqual([]);
  });

  test('no repair is offered that failed a step of its verification', () => {
    expect(report.fixes.filter(fix => fix.offered && fix.verification.some(step => step.outcome === 'failed'))).toEqual(
      [],
    );
  });

  test('the regression tests fail on the app as it was and pass on the repaired copy', () => {
    expect(report.tests.written).toBeGreaterThanOrEqual(25);
    expect(report.tests.failingBefore).toBe(report.tests.written);
    expect(report.tests.passingAfter).toBe(report.tests.written);
    for (const file of report.tests.files) expect(existsSync(join(app, '.drydock/rescue/app', file)), file).toBe(true);
  });

  test('the page to hand over is there, and holds no secret of the run', () => {
    const page = readFileSync(join(app, '.drydock/rescue/report.html'), 'utf8');
    expect(page).toContain('<!doctype html>');
    expect(page).not.toMatch(/sk_(test|live)_[A-Za-z0-9]{8,}|whsec_[A-Za-z0-9]{8,}|better-auth\.session_token=/);
  });

  test('the app’s own files are as they were', () => {
    expect(
      execFileSync('git', ['status', '--porcelain', '--', 'examples/harbor'], { cwd: root, encoding: 'utf8' }),
    ).toBe(statusBefore);
  });

  test('no server is left running', () => {
    const processes = execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' }).split('\n');
    expect(processes.filter(line => line.includes('next') && line.includes('.drydock/rescue'))).toEqual([]);
  });
});

import { existsSync, lstatSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, isAbsolute, relative, resolve, sep } from 'node:path';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';

import { createContext } from './commands/context.ts';
import type { CommandContext } from './commands/context.ts';
import { StoppedHalfway } from './commands/halfway.ts';
import type { FixOptions } from './commands/fix.ts';
import type { RulesOptions } from './commands/rules.ts';
import type { PartName } from './fix/guard/parts.ts';
import { recalling, stderrProgress } from './commands/progress.ts';
import { DrydockError, messageOf } from './core/error.ts';
import type { Finding } from './core/finding.ts';
import { silentProgress } from './core/ports.ts';
import { redact } from './core/redact.ts';
import type { CommandResult } from './core/result.ts';
import { severities, severityRank } from './core/verdict.ts';
import type { Severity, Verdict } from './core/verdict.ts';
import { engines, type Engine } from './prove/replica/engines.ts';
import { toJson } from './report/json.ts';
import type { PlaceOptions } from './report/sarif.ts';
import { drydockVersion } from './report/version.ts';

/** Reads arguments, runs one command, writes its report to stdout, and sets the exit code: 0 clean, 1 findings, 2 could not run. */
const program = new Command('drydock');

const formats = ['terminal', 'json', 'sarif', 'github', 'markdown'] as const;
type Format = (typeof formats)[number];

interface OutputOptions {
  readonly json?: boolean;
  readonly format: Format;
  readonly sarif?: string;
  readonly html?: string;
  readonly color: boolean;
  readonly failOn: Severity;
  readonly quiet?: boolean;
  readonly only?: Verdict;
  readonly all?: boolean;
  readonly pgtap?: string;
  readonly vitest?: string;
}

interface TraceOptions extends OutputOptions {
  readonly migrations?: readonly string[];
  readonly policy?: boolean;
  readonly unknown?: boolean;
  readonly since?: string;
  readonly baseline?: string;
  readonly updateBaseline?: boolean;
  readonly cache: boolean;
}

program
  .description('Finds, proves and repairs leaks between the customers of a Next.js + Postgres + Stripe app.')
  .version(drydockVersion)
  .enablePositionalOptions()
  .showHelpAfterError('Run drydock --help for the commands, or drydock <command> --help for examples.')
  .exitOverride()
  .configureOutput({ writeErr: text => process.stderr.write(text) });

common(program.command('triage', { isDefault: true }))
  .argument('[folder]', 'the app', '.')
  .option('--migrations <path...>', 'SQL migrations, when they are not where the usual tools put them')
  .summary('is it happening, to whom, and what to do first')
  .description(
    'Triage: traces the code, replays the migrations into an embedded Postgres, and says on one screen whether customers reach each other’s data.',
  )
  .addHelpText('after', examples('drydock', 'drydock ~/acme-app', 'drydock --json > triage.json'))
  .action((folder: string, options: OutputOptions & { readonly migrations?: readonly string[] }) =>
    run(options, async context =>
      (await import('./commands/triage.ts')).runTriage(
        target(folder),
        { ...pick(options, 'migrations'), cache: true },
        context,
      ),
    ),
  );

common(program.command('trace'))
  .argument('[folder]', 'the app', '.')
  .argument('[focus]', 'explain one: number of a finding, an entry point, a table, a file or file:line')
  .option('--migrations <path...>', 'SQL migrations, when they are not where the usual tools put them')
  .option('--policy', 'for each table, the conditions under which it is reached; stable text for a diff')
  .option('--since <commit>', 'only what was not found at this commit, which is traced as well')
  .option(
    '--baseline <file>',
    'only what this file does not know; it is written when it is not there, and may only shrink',
  )
  .option('--update-baseline', 'take out of the baseline what is no longer found')
  .option('--no-cache', 'trace again, even when nothing has changed since the last time')
  .option('--unknown', 'what could not be told, and the declarations that would settle it')
  .summary('every path from browser to database, with its verdict')
  .addHelpText(
    'after',
    examples(
      'drydock trace',
      'drydock trace ~/acme-app invoices',
      'drydock trace 1',
      'drydock trace . "GET /api/invoices/[id]"',
      'drydock trace . app/api/invoices/route.ts:14',
      'drydock trace --unknown',
      'drydock trace --since origin/main',
      'drydock trace --baseline drydock-baseline.json',
      'drydock trace --policy > policy.txt',
      'drydock trace --sarif drydock.sarif',
    ),
  )
  .action((folder: string, focus: string | undefined, options: TraceOptions) => {
    const [where, what] = folderAndFocus(folder, focus);
    const shown: OutputOptions = options.unknown === true ? { ...options, only: 'unknown' } : options;
    return run(
      shown,
      async context =>
        (await import('./commands/trace.ts')).runTrace(
          where,
          pick(options, 'migrations', 'policy', 'since', 'baseline', 'updateBaseline', 'cache'),
          context,
        ),
      what,
    );
  });

common(program.command('rules'))
  .argument('[folder]', 'the app, or a folder with migrations', '.')
  .argument('[focus]', 'explain one: number of a finding, or a table')
  .option('--migrations <path...>', 'files or folders of SQL migrations, in the order in which they apply')
  .option('--database-url <url>', 'a live database: only its catalog is read, in one read-only transaction')
  .addOption(
    new Option(
      '--replica <engine>',
      'the Postgres in which it is tried: the native one, or PGlite, which has pgvector and needs no binary',
    ).choices([...engines]),
  )
  .option('--gate', 'fail when a table with an owner lacks row security, policies, narrow grants or an index')
  .option('--since <commit>', 'only what was not found at this commit, whose migrations are replayed as well')
  .option('--explain', 'how long a tenant’s list takes under each policy, on made-up volume, and what is faster')
  .option('--pgtap <file>', 'the matrix as a pgTAP script too: what leaks fails until it is repaired')
  .option('--vitest <file>', 'the same as a Vitest file that needs only pg and DATABASE_URL')
  .addOption(
    new Option(
      '--within <minutes>',
      'what was not tried by then is unknown; exits with 2 where nothing else was found',
    ).argParser(readMinutes),
  )
  .option('--diff <commit>', 'what changed in the matrix since this commit, in words; fail when something got worse')
  .summary('the database: role × command × table, policies, views and functions')
  .addHelpText(
    'after',
    examples(
      'drydock rules',
      'drydock rules --migrations db/schema.sql db/migrations',
      'drydock rules --database-url "$DATABASE_URL"',
      'drydock rules . invoices',
      'drydock rules --gate --since origin/main',
      'drydock rules --diff origin/main --format markdown',
      'drydock rules --explain',
      'drydock rules --pgtap supabase/tests/isolation.test.sql',
    ),
  )
  .action(
    (
      folder: string,
      focus: string | undefined,
      options: OutputOptions & RulesOptions & { readonly replica?: Engine },
    ) => {
      const [where, what] = folderAndFocus(folder, focus);
      return run(
        options,
        async context => {
          context.prepare();
          return (await import('./commands/rules.ts')).runRules(
            where,
            pick(options, 'migrations', 'databaseUrl', 'gate', 'since', 'diff', 'pgtap', 'vitest', 'explain', 'within'),
            context,
          );
        },
        what,
      );
    },
  );

common(program.command('probe'))
  .argument('[folder]', 'the app', '.')
  .argument('[focus]', 'explain one: id of an attack, or an entry point')
  .option('--migrations <path...>', 'files or folders of SQL migrations, in the order in which they apply')
  .summary('attack a copy of the running app as two of its customers')
  .description(
    'Copies the app, builds it, runs it on an embedded Postgres with made-up tenants, signs in for real, and calls every entry point with the other tenant’s ids. The app cannot reach anything but this machine.',
  )
  .addHelpText(
    'after',
    examples('drydock probe', 'drydock probe ~/acme-app --all', 'drydock probe --json > probe.json'),
  )
  .action(
    (
      folder: string,
      focus: string | undefined,
      options: OutputOptions & { readonly migrations?: readonly string[] },
    ) => {
      const [where, what] = folderAndFocus(folder, focus);
      return run(
        options,
        async context => (await import('./commands/probe.ts')).runProbe(where, pick(options, 'migrations'), context),
        what,
      );
    },
  );

common(program.command('fix'))
  .argument('[folder]', 'the app', '.')
  .argument('[finding]', 'number or fingerprint of one finding; all when absent')
  .option('--migrations <path...>', 'files or folders of SQL migrations, in the order in which they apply')
  .option('--apply', 'write the repairs that hold into the app; without it nothing is changed')
  .option('--no-attack', 'verify by judgement and type check alone, without building and attacking a copy')
  .summary('repairs, each verified on a copy, one path at a time')
  .addHelpText(
    'after',
    examples('drydock fix', 'drydock fix 1', 'drydock fix ~/acme-app 3 --apply', 'drydock fix --no-attack --all'),
  )
  .action((folder: string, finding: string | undefined, options: OutputOptions & FixOptions) => {
    const [where, what] = folderAndFocus(folder, finding);
    return run(options, async context =>
      (await import('./commands/fix.ts')).runFix(
        where,
        { ...pick(options, 'migrations', 'apply', 'attack'), ...(what === undefined ? {} : { finding: what }) },
        context,
      ),
    );
  });

program
  .command('guard')
  .summary('@drydock/guard in your app, so that a forgotten where returns nothing')
  .command('init')
  .argument('[folder]', 'the app', '.')
  .option('--migrations <path...>', 'files or folders of SQL migrations, in the order in which they apply')
  .option('--with <parts>', 'also the tables of stripe, events, freeze, limits: names with commas between')
  .option('--write', 'write it into the app; without it only the diff is shown')
  .option('--force', 'write also where changes are not committed')
  .option('--json', 'the result as JSON on stdout')
  .option('--quiet', 'no progress on stderr')
  .summary('roles, policies and the guarded pool as a diff, tried on a copy')
  .addHelpText(
    'after',
    examples(
      'drydock guard init',
      'drydock guard init ~/acme-app --write',
      'drydock guard init --with stripe,events --write',
    ),
  )
  .action((folder: string, options: GuardInitFlags) => guardInit(folder, options));

common(program.command('rescue'))
  .argument('[folder]', 'the app', '.')
  .option('--migrations <path...>', 'files or folders of SQL migrations, in the order in which they apply')
  .summary('all of it in order: attack, repair a copy, attack again, leave tests behind')
  .description(
    'Works on copies below .drydock/rescue in the app’s folder; the app’s own files are not changed. The repaired copy is a git repository with one commit per repair.',
  )
  .addHelpText('after', examples('drydock rescue', 'drydock rescue ~/acme-app', 'drydock rescue --json > rescue.json'))
  .action((folder: string, options: OutputOptions & { readonly migrations?: readonly string[] }) =>
    run(options, async context =>
      (await import('./commands/rescue.ts')).runRescue(target(folder), pick(options, 'migrations'), context),
    ),
  );

function common(command: Command): Command {
  return command
    .option('--json', 'the report as JSON on stdout')
    .addOption(
      new Option('--format <format>', 'what stdout gets; github: annotations of a workflow')
        .choices([...formats])
        .default('terminal'),
    )
    .option('--sarif <file>', 'the findings as SARIF 2.1.0 in a file too')
    .option('--html <file>', 'the report as one self-contained HTML file too')
    .option('--no-color', 'no colour, also with NO_COLOR set')
    .option('--quiet', 'no progress on stderr')
    .option('--all', 'everything that the overview leaves out')
    .addOption(
      new Option('--only <verdict>', 'only what has this verdict').choices([
        'leaks',
        'unknown',
        'broken',
        'public',
        'isolated',
      ]),
    )
    .addOption(
      new Option('--fail-on <severity>', 'exit with 1 from this severity on').choices([...severities]).default('low'),
    );
}

function examples(...lines: readonly string[]): string {
  return `\nExamples:\n${lines.map(line => `  ${line}`).join('\n')}\n\nExit codes: 0 nothing found, 1 findings, 2 could not run, 130 interrupted.`;
}

/** `drydock trace 1`, `drydock trace invoices` and `drydock trace "GET /api/invoices"` name what to explain, not a folder. */
function folderAndFocus(folder: string, focus: string | undefined): readonly [string, string | undefined] {
  const named = focus === undefined && !existsSync(folder) && (isFindingName(folder) || isNameInApp(folder));
  return named ? [target('.'), folder] : [target(folder), focus];
}

function isFindingName(name: string): boolean {
  return /^(\d+|[0-9a-f]{6,16}|a\d+)$/.test(name);
}

/** A word that is no path, typed where an app lies. */
function isNameInApp(name: string): boolean {
  return !/^(?:[./~\\]|[A-Za-z]:)/.test(name) && ['package.json', 'supabase'].some(file => existsSync(file));
}

function target(folder: string): string {
  return resolve(folder);
}

function pick<T extends object, K extends keyof T>(options: T, ...keys: readonly K[]): Partial<Pick<T, K>> {
  return Object.fromEntries(keys.flatMap(key => (options[key] === undefined ? [] : [[key, options[key]]]))) as Partial<
    Pick<T, K>
  >;
}

async function run(
  options: OutputOptions & { readonly replica?: Engine },
  command: (context: CommandContext) => Promise<CommandResult>,
  focus?: string,
): Promise<void> {
  const stopped = { asked: () => false };
  const { progress, recall } = recalling(
    options.quiet === true ? silentProgress : await stderrProgress(process.stderr, () => stopped.asked()),
  );
  const context = createContext(progress, options.replica);
  const interrupt = interruptible(context, recall);
  stopped.asked = interrupt.asked;
  try {
    const result = await command(context);
    await write(result, options, focus);
    process.exitCode = exitCodeOf(result, options.failOn);
  } catch (thrown) {
    // What breaks while everything is being let go of is no news.
    if (interrupt.asked()) {
      process.exitCode = 130;
      return;
    }
    if (thrown instanceof StoppedHalfway) await write(thrown.done, options, undefined);
    throw thrown;
  } finally {
    for (const problem of await context.lifetime.close()) process.stderr.write(`Left behind: ${redact(problem)}\n`);
    interrupt.off();
  }
}

interface GuardInitFlags {
  readonly with?: string;
  readonly migrations?: readonly string[];
  readonly write?: boolean;
  readonly force?: boolean;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** `guard init` changes an app and judges nothing: its result is no report, and what is left open is its exit code. */
async function guardInit(folder: string, options: GuardInitFlags): Promise<void> {
  const context = createContext(options.quiet === true ? silentProgress : await stderrProgress(process.stderr));
  const interrupt = interruptible(context);
  try {
    const { runGuardInit } = await import('./commands/guard-init.ts');
    const parts = options.with === undefined ? {} : { with: await partsOf(options.with) };
    const given = { ...pick(options, 'migrations', 'write', 'force'), ...parts };
    const result = await runGuardInit(target(folder), given, context);
    const { renderGuardInit } = await import('./report/terminal/guard-init.ts');
    process.stdout.write(options.json === true ? `${JSON.stringify(result, undefined, 2)}\n` : renderGuardInit(result));
    process.exitCode = result.verified.leaks.length > 0 ? 1 : 0;
  } catch (thrown) {
    if (!interrupt.asked()) throw thrown;
    process.exitCode = 130;
  } finally {
    for (const problem of await context.lifetime.close()) process.stderr.write(`Left behind: ${redact(problem)}\n`);
    interrupt.off();
  }
}

async function partsOf(text: string): Promise<readonly PartName[]> {
  const { partNames, readParts } = await import('./fix/guard/parts.ts');
  const parts = readParts(text);
  if (!('unknown' in parts)) return parts;
  throw new DrydockError('usage', `The guard has no part '${parts.unknown}'.`, {
    next: `There are ${partNames.join(', ')}.`,
  });
}

/** Ctrl-C and SIGTERM let go of everything first. A second Ctrl-C ends at once. */
function interruptible(
  context: CommandContext,
  recall: () => string | undefined = () => undefined,
): { readonly asked: () => boolean; readonly off: () => void } {
  let asked = false;
  const stop = (signal: NodeJS.Signals): void => {
    if (asked) process.exit(130);
    asked = true;
    const reached = recall();
    process.stderr.write(
      `${reached === undefined ? '' : `\n${reached}. With --within <minutes> what was tried by then is told.`}\nStopping (${signal}): closing the replica and running apps. Your files were not changed.\nThe same command starts again from the beginning.\n`,
    );
    void context.lifetime.close().then(() => process.exit(130));
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  return {
    asked: () => asked,
    off: () => {
      process.off('SIGINT', stop);
      process.off('SIGTERM', stop);
    },
  };
}

async function write(result: CommandResult, options: OutputOptions, focus: string | undefined): Promise<void> {
  if (options.html !== undefined) {
    save('HTML report', options.html, (await import('./report/html/render.ts')).renderHtml(result));
  }
  const places = { prefix: prefixOf(result.target) };
  if (options.sarif !== undefined) {
    save('SARIF', options.sarif, await sarif(result, places));
  }
  await writeTests(result, options);
  process.stdout.write(`${(await text(result, options, focus, places)).trimEnd()}\n`);
}

async function writeTests(result: CommandResult, { pgtap, vitest }: OutputOptions): Promise<void> {
  if (result.command !== 'rules' || result.assertions === undefined) return;
  const { assertions } = result;
  if (pgtap !== undefined) save('pgTAP', pgtap, (await import('./report/tests/pgtap.ts')).toPgTap(assertions));
  if (vitest !== undefined) save('Vitest', vitest, (await import('./report/tests/vitest.ts')).toVitest(assertions));
}

/** Writes a file whole or not at all: half of one would be taken for the other half too. */
function save(name: string, path: string, content: string): void {
  const file = resolve(path);
  mkdirSync(dirname(file), { recursive: true });
  // A device or a pipe is no file that another could take the place of.
  const part = existsSync(file) && !lstatSync(file).isFile() ? file : `${file}.${process.pid}.part`;
  try {
    writeFileSync(part, content);
    if (part !== file) renameSync(part, file);
  } catch (thrown) {
    if (part !== file) rmSync(part, { force: true });
    // A write that was cut short does not say of which file.
    throw thrown instanceof Error && 'code' in thrown ? unwritten(file, thrown) : thrown;
  }
  process.stderr.write(`${name}: ${file}\n`);
}

/** Files are named as seen from where Drydock was started: in a workflow, the checkout. */
function prefixOf(targetPath: string): string {
  const path = relative(process.cwd(), targetPath).split(sep).join('/');
  return isAbsolute(path) || /^[a-z]+:\/\//i.test(targetPath) ? '' : path;
}

async function sarif(result: CommandResult, places: PlaceOptions): Promise<string> {
  const { toSarif } = await import('./report/sarif.ts');
  return toSarif(result, places);
}

async function text(
  result: CommandResult,
  options: OutputOptions,
  focus: string | undefined,
  places: PlaceOptions,
): Promise<string> {
  const format = options.json === true ? 'json' : options.format;
  switch (format) {
    case 'json':
      return toJson(result);
    case 'sarif':
      return sarif(result, places);
    case 'github':
      return (await import('./report/github.ts')).toAnnotations(result, places);
    case 'markdown':
      return (await import('./report/markdown.ts')).toMarkdown(result, places);
    case 'terminal':
      return terminal(result, options, focus);
  }
}

async function terminal(result: CommandResult, options: OutputOptions, focus: string | undefined): Promise<string> {
  const { renderTerminal } = await import('./report/terminal/render.ts');
  return renderTerminal(result, {
    columns: process.stdout.columns ?? 100,
    colour: options.color && process.stdout.isTTY && process.env['NO_COLOR'] === undefined,
    unicode: process.platform !== 'win32' || process.env['WT_SESSION'] !== undefined,
    ...(focus === undefined ? {} : { focus }),
    ...pick(options, 'only', 'all'),
  });
}

/** What was found counts, and that it may not be all. */
function exitCodeOf(result: CommandResult, threshold: Severity): 0 | 1 | 2 {
  if ((result.problems ?? []).length > 0) return 2;
  if (hasFindings(result, threshold)) return 1;
  return result.command === 'rules' && result.isCutShort === true ? 2 : 0;
}

function readMinutes(text: string): number {
  const minutes = Number(text);
  if (Number.isFinite(minutes) && minutes > 0) return minutes;
  throw new InvalidArgumentError('It is a number of minutes, such as 5 or 0.5.');
}

function hasFindings(result: CommandResult, threshold: Severity): boolean {
  const serious = (findings: readonly Finding[]): boolean =>
    findings.some(finding => severityRank(finding.severity) <= severityRank(threshold));
  switch (result.command) {
    case 'rescue':
      return result.after.leaksExploited > 0 || serious([...result.traceAfter.findings, ...result.rulesAfter.findings]);
    case 'probe':
      // Seen in the running app: above every threshold.
      return result.attacks.some(attack => attack.outcome === 'leaked') || serious(result.findings);
    case 'fix':
      return result.unrepaired.length > 0;
    case 'rules':
      return (
        serious(result.findings) ||
        (result.gate?.faults ?? []).length > 0 ||
        (result.diff?.changes ?? []).some(change => change.direction === 'worse')
      );
    default:
      return serious(result.findings);
  }
}

/** No permission, no space, a folder in place of a file: nothing that is wrong with Drydock. */
function refusedByTheSystem(thrown: unknown): DrydockError | undefined {
  if (!(thrown instanceof Error) || !('code' in thrown) || !('path' in thrown)) return undefined;
  if (!['EACCES', 'EPERM', 'EROFS', 'ENOSPC', 'EISDIR', 'ENOTDIR', 'EEXIST'].includes(String(thrown.code)))
    return undefined;
  if (thrown.code === 'ENOSPC') return noSpace(String('dest' in thrown ? thrown.dest : thrown.path), thrown);
  return new DrydockError('target-not-found', `Could not use '${String(thrown.path)}': ${thrown.message}.`, {
    next: 'Look for permission there. Reports and copies go below .drydock in the app’s folder.',
    cause: thrown,
  });
}

function unwritten(file: string, thrown: Error & { readonly code: unknown }): DrydockError {
  return thrown.code === 'ENOSPC'
    ? noSpace(file, thrown)
    : new DrydockError('target-not-found', `Could not write '${file}': ${thrown.message}.`, {
        next: 'Name a file where this user may write.',
        cause: thrown,
      });
}

function noSpace(file: string, cause: unknown): DrydockError {
  return new DrydockError('target-not-found', `No space is left to write '${file}'.`, {
    next: 'Make some room there, or name another folder with TMPDIR if it is the temporary one.',
    cause,
  });
}

function explain(thrown: unknown): void {
  if (thrown instanceof CommanderError) {
    process.exitCode = thrown.exitCode === 0 ? 0 : 2;
    return;
  }
  process.exitCode = 2;
  const known = thrown instanceof StoppedHalfway ? thrown.reason : (refusedByTheSystem(thrown) ?? thrown);
  if (known instanceof DrydockError) {
    const kept =
      thrown instanceof StoppedHalfway ? 'Everything that needs no running app was done and is reported.\n' : '';
    process.stderr.write(
      `\n${redact(known.message)}\n${kept}${known.next === undefined ? '' : `${redact(known.next)}\n`}`,
    );
    return;
  }
  const stack = thrown instanceof Error ? (thrown.stack ?? thrown.message) : messageOf(thrown);
  process.stderr.write(
    `\nDrydock failed. This is a bug in Drydock, please report it with these lines:\n${redact(stack)}\n`,
  );
}

// `drydock trace | head` closes the pipe: nothing more is wanted.
process.stdout.on('error', (problem: NodeJS.ErrnoException) => {
  if (problem.code === 'EPIPE') process.exit(process.exitCode ?? 0);
  throw problem;
});

try {
  await program.parseAsync();
} catch (thrown) {
  explain(thrown);
}

// The model check with wider worlds than the test's: every order of replies, drops, time limits and clients.
// node guard/bench/model.mjs [--limit 200000]
import { parseArgs } from 'node:util';
import { built } from './built.mjs';

const { values: options } = parseArgs({ options: { limit: { type: 'string', default: '200000' } } });
const guard = await built('testing/explore', 'testing/model', 'testing/scenarios', 'pg/index');
process.noDeprecation = true; // node-postgres warns of queries that wait behind another; here they wait on purpose.

let total = 0;
for (const scenario of [...guard.scenarios.small, ...guard.scenarios.wide]) {
  const start = Date.now();
  const seen = await guard.explore(() => guard.startWorld(scenario, guard.guardPool), Number(options.limit));
  total += seen.schedules;
  const seconds = ((Date.now() - start) / 1000).toFixed(1);
  const bound = seen.complete ? 'all' : 'the first';
  process.stdout.write(`${scenario.name}: ${bound} ${seen.schedules} schedules, ${seconds} s\n`);
  for (const problem of seen.problems) process.stdout.write(`  ${problem}\n`);
  if (seen.problems.length > 0) process.exitCode = 1;
}
process.stdout.write(`${total} schedules\n`);

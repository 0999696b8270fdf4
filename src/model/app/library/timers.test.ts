import { expect, test } from 'vitest';
import { show } from '../fixtures/inline-app.ts';
import { prismaImports, tracePrisma } from '../fixtures/prisma-app.ts';

function trace(lib: string, call: string): readonly string[] {
  const { queries } = tracePrisma({
    'lib/timer.ts': `import prisma from './prisma'; ${lib}`,
    'app/actions.ts': `'use server'; ${prismaImports} import { start } from '@/lib/timer';
      export async function begin(id: string) { const session = await getServerSession(authOptions); if (!session) return; ${call} }`,
  });
  return queries.map(path => `${path.entryPoint.name} ${path.principal} ${show(path.query.where)}`);
}

const sweep = `async function sweep() { const due = await prisma.document.findMany({ where: { name: 'old' } }); return due; }`;

test.each([
  [
    'node-cron',
    `import cron from 'node-cron'; ${sweep} export function start() { cron.schedule('* * * * *', sweep); }`,
  ],
  [
    'node-cron',
    `import { schedule } from 'node-cron'; ${sweep} export function start() { schedule('* * * * *', sweep); }`,
  ],
  [
    'cron',
    `import { CronJob } from 'cron'; ${sweep} export function start() { new CronJob('* * * * *', sweep).start(); }`,
  ],
  [
    'cron',
    `import { CronJob } from 'cron'; ${sweep} export function start() { CronJob.from({ cronTime: '* * * * *', onTick: sweep }); }`,
  ],
  ['croner', `import { Cron } from 'croner'; ${sweep} export function start() { new Cron('* * * * *', sweep); }`],
  [
    'node-schedule',
    `import schedule from 'node-schedule'; ${sweep} export function start() { schedule.scheduleJob('* * * * *', sweep); }`,
  ],
])('what a timer of %s runs is the system’s, whoever started the timer', (_name, lib) => {
  expect(trace(lib, 'start();')).toEqual(['cron sweep system self.name = "old"']);
});

test('work that holds on to what the caller sent stays the caller’s when a timer runs it', () => {
  const lib = `import cron from 'node-cron'; export function start(id: string) { cron.schedule('* * * * *', async () => { await prisma.document.delete({ where: { id } }); }); }`;
  expect(trace(lib, 'start(id);')).toEqual(['action app/actions.ts#begin member self.id = client id']);
});

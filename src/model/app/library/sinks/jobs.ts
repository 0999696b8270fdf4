import { argument, field, type ServiceSink } from './service.ts';

const runs = 'trigger.background_run';
const queues = 'bullmq.background_job';

/** Job platforms: a run's id shows its payload and output, and a token made for it lets a browser watch it. */
export const jobSinks: readonly ServiceSink[] = [
  {
    library: '@trigger.dev/sdk',
    callee: /(?:^|\.)runs\.(?:retrieve|poll|subscribeToRun)$/,
    table: runs,
    operation: 'read',
    chosenBy: [argument(0)],
    answers: 'one',
  },
  {
    library: '@trigger.dev/sdk',
    callee: /(?:^|\.)runs\.(?:subscribeToRunsWithTag)$/,
    table: runs,
    operation: 'read',
    chosenBy: [argument(0, 'tag')],
    answers: 'many',
  },
  {
    library: '@trigger.dev/sdk',
    callee: /(?:^|\.)runs\.list$/,
    table: runs,
    operation: 'read',
    chosenBy: [field('tag')],
    answers: 'one',
  },
  {
    library: '@trigger.dev/sdk',
    callee: /(?:^|\.)runs\.(?:cancel|replay|reschedule)$/,
    table: runs,
    operation: 'update',
    chosenBy: [argument(0)],
  },
  {
    library: '@trigger.dev/sdk',
    callee: /(?:^|\.)auth\.createPublicToken$/,
    table: runs,
    operation: 'read',
    chosenBy: [
      { argument: 0, field: 'scopes.read.runs', column: 'id' },
      { argument: 0, field: 'scopes.read.tags', column: 'tag' },
    ],
  },
  {
    library: 'bullmq',
    callee: /^Queue\.(?:getJob|getJobLogs|getJobState)$/,
    table: queues,
    operation: 'read',
    chosenBy: [argument(0)],
    answers: 'one',
  },
  {
    library: 'bullmq',
    callee: /^Job\.fromId$/,
    table: queues,
    operation: 'read',
    chosenBy: [argument(1)],
    answers: 'one',
  },
  { library: 'bullmq', callee: /^Queue\.remove$/, table: queues, operation: 'delete', chosenBy: [argument(0)] },
];

import type { EntryPoint } from '../../../../core/path.ts';
import type { Place } from '../../../../core/place.ts';
import { factsKey, valueKey } from '../../keys.ts';
import type { Call, Machine } from '../../machine.ts';
import type { Value } from '../../value.ts';
import { distinctName, runFound } from '../found.ts';

/** Something that runs later, when a job or an event of this name is there. */
export interface Job {
  /** How producers name it: `inngest invoice/sent`, `trigger send-mail`, `bullmq mails`. */
  readonly topics: readonly string[];
  readonly id: string;
  readonly place: Place;
  readonly run: (call: Call, payload: Value) => Value;
  /** What runs, as a text: consumers made in a loop that run the same are one. */
  readonly runs?: string;
  /** It asks for the name of a job: producers that were seen give some of the names, others may give more. */
  readonly asksName?: boolean;
}

interface Known {
  job: Job;
  ran: boolean;
}

function knownJobs(machine: Machine): Map<string, Known> {
  return machine.remember('jobs', () => new Map<string, Known>());
}

/** A consumer was found. */
export function noteJob(machine: Machine, job: Job): void {
  const jobs = knownJobs(machine);
  const { file, line } = job.place;
  const key = `${file}:${line} ${job.runs ?? job.id}`;
  const known = jobs.get(key);
  if (known === undefined) jobs.set(key, { job, ran: false });
  else if (job.runs !== undefined && known.job.id !== job.id)
    known.job = { ...job, id: `queues of ${file}`, topics: [...new Set([...known.job.topics, ...job.topics])] };
}

/**
 * A payload is handed to whoever waits for the topic. The consumer runs as an entry point of its own, with what the
 * producer gives and what held where it was given: a payload is as good as its values were.
 */
export function handOff(call: Call, topic: string, payload: Value): void {
  const { machine, frame } = call;
  const done = machine.remember('payloads that were handed on', () => new Set<string>());
  for (const known of [...knownJobs(machine).values()].filter(({ job }) => job.topics.includes(topic))) {
    known.ran = true;
    const entryPoint = jobEntry(machine, known.job);
    const run = `${entryPoint.name} ${valueKey(payload)} ${factsKey(frame.facts)}`;
    if (done.has(run)) continue;
    done.add(run);
    runFound(call, entryPoint, inner => known.job.run(inner, payload));
  }
}

/** Consumers that no producer was seen for, or not for each name: somebody of the app's own starts them. */
export function jobsWithoutProducer(machine: Machine): readonly Job[] {
  return [...knownJobs(machine).values()].flatMap(known =>
    known.ran && known.job.asksName !== true ? [] : [known.job],
  );
}

/** The entry point that a consumer is. */
export function jobEntry(machine: Machine, job: Job): EntryPoint {
  return { kind: 'job', name: distinctName(machine, `job ${job.id}`, job.place), ...job.place, symbol: job.id };
}

import ora from 'ora';
import type { Progress } from '../core/ports.ts';

/** Progress as a spinner with the stage beside it. Once the user has stopped it, that a stage failed is no news. */
export function spinnerProgress(stream: NodeJS.WriteStream, isStopped: () => boolean): Progress {
  return {
    start: stage => {
      const spinner = ora({ text: stage, stream, discardStdin: false }).start();
      return {
        update: text => {
          spinner.text = `${stage} · ${text}`;
        },
        done: text => {
          spinner.succeed(text);
        },
        fail: text => {
          if (isStopped()) spinner.stop();
          else spinner.fail(text);
        },
      };
    },
  };
}

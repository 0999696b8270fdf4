import ora from 'ora';
import type { Progress } from '../core/ports.ts';

/**
 * Progress on stderr: a spinner on a terminal, plain lines elsewhere. Stages shorter than a second leave no line unless they say
 * something. Once the user has stopped it, that a stage failed is no news.
 */
export function stderrProgress(stream: NodeJS.WriteStream, isStopped: () => boolean = () => false): Progress {
  return stream.isTTY ? spinnerProgress(stream, isStopped) : lineProgress(stream, isStopped);
}

function spinnerProgress(stream: NodeJS.WriteStream, isStopped: () => boolean): Progress {
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

function lineProgress(stream: NodeJS.WriteStream, isStopped: () => boolean): Progress {
  return {
    start: stage => {
      stream.write(`${stage} …\n`);
      return {
        // Without a terminal only what stays is printed.
        update: () => {},
        done: text => {
          stream.write(`  ${text}\n`);
        },
        fail: text => {
          if (!isStopped()) stream.write(`  ${text}\n`);
        },
      };
    },
  };
}

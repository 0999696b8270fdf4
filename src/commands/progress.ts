import ora from 'ora';
import type { Progress } from '../core/ports.ts';

/** Progress on stderr: a spinner on a terminal, plain lines elsewhere. Stages shorter than a second leave no line unless they say something. */
export function stderrProgress(stream: NodeJS.WriteStream): Progress {
  return stream.isTTY ? spinnerProgress(stream) : lineProgress(stream);
}

function spinnerProgress(stream: NodeJS.WriteStream): Progress {
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
          spinner.fail(text);
        },
      };
    },
  };
}

function lineProgress(stream: NodeJS.WriteStream): Progress {
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
          stream.write(`  ${text}\n`);
        },
      };
    },
  };
}

import type { Progress } from '../core/ports.ts';

/**
 * Progress on stderr: a spinner on a terminal, plain lines elsewhere. Stages shorter than a second leave no line unless they say
 * something. Once the user has stopped it, that a stage failed is no news.
 */
export async function stderrProgress(
  stream: NodeJS.WriteStream,
  isStopped: () => boolean = () => false,
): Promise<Progress> {
  if (!stream.isTTY) return lineProgress(stream, isStopped);
  return (await import('./spinner.ts')).spinnerProgress(stream, isStopped);
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

/** The same progress, which can be asked how far the stage is that is not done. */
export function recalling(progress: Progress): {
  readonly progress: Progress;
  readonly recall: () => string | undefined;
} {
  let last: string | undefined;
  return {
    recall: () => last,
    progress: {
      start: name => {
        const stage = progress.start(name);
        return {
          update: text => {
            last = `${name}: ${text}`;
            stage.update(text);
          },
          done: text => {
            last = undefined;
            stage.done(text);
          },
          fail: text => {
            last = undefined;
            stage.fail(text);
          },
        };
      },
    },
  };
}

/** Closes a `switch` over a union: a new member stops the build here, and a value from outside stops the run. */
export function unreachable(value: never): never {
  throw new Error(`Unexpected value: ${JSON.stringify(value)}`);
}

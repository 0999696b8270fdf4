/** How a call got past what a function asks, as the reason of a cell says it. */
export const pastGuards = {
  beside: 'with a key of its own tenant beside those of B',
  injected: 'with SQL in an argument',
} as const;

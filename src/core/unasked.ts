/** Who was named in a row of the attacker's own, as the reason of a cell says it. */
export const unasked = 'a user of tenant B whom nobody asked';

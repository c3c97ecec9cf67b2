/** Whether this is `npm run test:long`, which takes the wide counts; `npm test` has 15 minutes on two cores. */
export const isLong: boolean = process.env["NOVASWEEP_LONG"] === "1";

/** Whether a shell has its turn: all four in the long run, else the target's own. */
export const takesShell = (name: string): boolean => isLong || name === "ksh93";

/** The same for what matters most, or differs most between shells: the target's own and dash, which has nothing but POSIX. */
export const takesDashToo = (name: string): boolean => takesShell(name) || name === "dash";

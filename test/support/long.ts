/** Whether this is `npm run test:long`, which takes the wide counts; `npm test` has 15 minutes on two cores. */
export const isLong: boolean = process.env["NOVASWEEP_LONG"] === "1";

/** Whether a shell has its turn: all four in the long run, else the target's own and the one least like it. */
export const takesShell = (name: string): boolean => isLong || name === "ksh93" || name === "busybox sh";

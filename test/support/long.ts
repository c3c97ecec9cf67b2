/** Whether this is `npm run test:long`, which takes the wide counts; `npm test` has 15 minutes on two cores. */
export const isLong: boolean = process.env["NOVASWEEP_LONG"] === "1";

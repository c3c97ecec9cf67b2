/** Quotes one word for a POSIX shell. The only way text of ours enters a script. */
export const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

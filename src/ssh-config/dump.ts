/** What `ssh -G` prints: every option in force for one destination, a line each (ssh(1), -G). */

/** Values by keyword in lower case, in the order of the lines; an option that may be repeated has several. */
export type Dump = ReadonlyMap<string, readonly string[]>;

export const readDump = (text: string): Dump => {
  const options = new Map<string, string[]>();
  for (const line of text.split("\n")) {
    const [, keyword, value] = /^(\S+) (.*)$/.exec(line) ?? [];
    if (keyword === undefined || value === undefined) continue;
    const values = options.get(keyword.toLowerCase());
    if (values === undefined) options.set(keyword.toLowerCase(), [value]);
    else values.push(value);
  }
  return options;
};

/** What a configuration says: the options whose values are others than without any configuration, for the same words. */
export const difference = (dump: Dump, without: Dump): Dump =>
  new Map([...dump].filter(([keyword, values]) => values.join("\n") !== without.get(keyword)?.join("\n")));

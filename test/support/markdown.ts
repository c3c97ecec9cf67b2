/** What a page of the documentation promises: links that lead somewhere, commands that can be typed. */

/** The targets of a page's links, without those that leave the repository. */
export const localLinks = (markdown: string): readonly string[] =>
  [...withoutCode(markdown).matchAll(/\]\(([^)\s]+)(?:\s+"[^"]*")?\)/g)]
    .map((match) => match[1] ?? "")
    .filter((target) => !/^[a-z]+:/i.test(target));

/** The anchors a page's headings give, as GitHub makes them. */
export const anchors = (markdown: string): readonly string[] =>
  [...withoutBlocks(markdown).matchAll(/^#{1,6}\s+(.*)$/gm)].map((match) =>
    (match[1] ?? "")
      .toLowerCase()
      .replace(/[`*]/g, "")
      .replace(/[^\p{L}\p{N}\s_-]/gu, "")
      .trim()
      .replace(/\s/g, "-"),
  );

const withoutBlocks = (markdown: string): string => markdown.replace(/^```[\s\S]*?^```/gm, "");
const withoutCode = (markdown: string): string => withoutBlocks(markdown).replace(/`[^`\n]*`/g, "");

/** The commands of a page's `sh` blocks, as words: prompts, comments and continuations resolved, each command of a pipe or list on its own. */
export const commandsIn = (markdown: string): readonly (readonly string[])[] =>
  [...markdown.matchAll(/^```(?:sh|console)\n([\s\S]*?)^```/gm)]
    .flatMap((match) => (match[1] ?? "").replace(/\\\n\s*/g, " ").split("\n"))
    .flatMap((line) => simpleCommands(line.replace(/^\s*[$#]\s+/, "")))
    .filter((words) => words.length > 0);

/** Cuts a line of shell into simple commands; redirections are left out. Quotes are honoured, expansions are not. */
export const simpleCommands = (line: string): readonly (readonly string[])[] => {
  const list: string[][] = [[]];
  for (const [token] of line.matchAll(/&&|\|\||[|;&]|\d?>&?\s*\S+|#.*$|(?:[^\s"'|;&>#]|(?<=\S)#|"[^"]*"|'[^']*')+/g)) {
    if (/^(&&|\|\||[|;&])$/.test(token)) list.push([]);
    else if (!/^\d?>/.test(token) && !token.startsWith("#"))
      list.at(-1)?.push(token.replace(/"([^"]*)"|'([^']*)'/g, "$1$2"));
  }
  return list;
};

/** Whether a term holds `*` or `?`. */
export const isGlob = (term: string): boolean => /[*?]/.test(term);

/**
 * Whether a name fits a glob of `*` (any characters) and `?` (one). Goes back to the last star only, so the cost is at
 * most the product of both lengths, whatever the glob.
 */
export const globFits = (glob: string, name: string): boolean => {
  let at = 0;
  let star = -1;
  let resume = 0;
  for (let i = 0; i < name.length; ) {
    if (glob[at] === "*") {
      star = at++;
      resume = i;
    } else if (at < glob.length && (glob[at] === "?" || glob[at] === name[i])) {
      at++;
      i++;
    } else if (star >= 0) {
      at = star + 1;
      i = ++resume;
    } else {
      return false;
    }
  }
  while (glob[at] === "*") at++;
  return at === glob.length;
};

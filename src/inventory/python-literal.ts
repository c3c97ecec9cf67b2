const quoted = /^(["'])((?:\\.|(?!\1)[^\\])*)\1\s*(?:#.*)?$/;
const plain = /^(-?[1-9][0-9]*|0|-?[0-9]+\.[0-9]+|True|False|None)\s*#.*$/;

/**
 * A variable's value as Ansible reads it, kept as text: it tries Python's `literal_eval`, which takes the quotes off
 * a string and drops a comment behind a complete literal, and else takes the text as it stands (`15G # x` is all value).
 */
export const literal = (text: string): string => {
  const string = quoted.exec(text);
  if (string) return (string[2] ?? "").replace(/\\([\\'"])/g, "$1");
  return plain.exec(text)?.[1] ?? text;
};

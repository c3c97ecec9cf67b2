/**
 * puppet: the class that makes true what a rollout would, as text. This file: the words of Puppet's language, in the part
 * that Puppet 3.6.2 (Solaris 11.3) and every later one read alike.
 */

/** A piece of Puppet's language, not of data: made by the functions of this file alone. */
export type Expression = { readonly source: string };

/**
 * Text as a literal that every Puppet reads back byte for byte. With a quote or a backslash in it, it stands in double
 * quotes: within single ones Puppet 3 keeps both of two backslashes and Puppet 4 makes one of them.
 * @see Puppet 3.6.2, lib/puppet/parser/lexer.rb: SQUOTE takes \' for an escape and nothing else
 */
export const literal = (text: string): Expression => ({
  source: /['\\]/.test(text) ? `"${inDoubleQuotes(text)}"` : `'${text}'`,
});

/** A variable's value with text behind it, or around it: `"${rootpool}/export/nova"`. */
export const interpolated = (variable: string, rest: string, before = ""): Expression => ({
  source: `"${inDoubleQuotes(before)}\${${variable}}${inDoubleQuotes(rest)}"`,
});

const inDoubleQuotes = (text: string): string => text.replaceAll(/[\\"$]/g, (found) => `\\${found}`);

/** A word of the language: `present`, `running`, `true`. */
export const bare = (word: "present" | "absent" | "directory" | "file" | "running" | "stopped" | "true" | "false") => ({
  source: word,
});

/** Resource types the class uses, and what makes each known to a node is in the how-to. */
export type ResourceType = "zfs" | "file" | "exec" | "svccfg" | "service" | "package" | "pkg_publisher" | "ini_setting";

/** One resource: what it is called, and its attributes in the order they are written. */
export interface Resource {
  readonly type: ResourceType;
  readonly title: Expression;
  readonly attributes: Readonly<Record<string, Expression>>;
}

/** A reference to a declared resource: `Package['...']`, the type's name capitalised, never a provider's. */
export const referenceTo = ({ type, title }: Pick<Resource, "type" | "title">): Expression => ({
  source: `${type.charAt(0).toUpperCase()}${type.slice(1)}[${title.source}]`,
});

/** A list, or the one member without brackets. */
export const listOf = (members: readonly Expression[]): Expression => {
  const sources = members.map(({ source }) => source);
  return { source: sources.length === 1 ? sources.join("") : `[${sources.join(", ")}]` };
};

/** A resource as it is declared, lines without an end; arrows stand one under the other. */
export const declaration = ({ type, title, attributes }: Resource): readonly string[] => {
  const names = Object.keys(attributes);
  const width = Math.max(...names.map((name) => name.length));
  return [
    `${type} { ${title.source}:`,
    ...Object.entries(attributes).map(([name, { source }]) => `  ${name.padEnd(width)} => ${source},`),
    "}",
  ];
};

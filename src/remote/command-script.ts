/** The script around a command of the operator's: says that it begins, then becomes the command. docs/remote-protocol.md, "Commands of the operator's". */
import { quote } from "./quote.ts";

/** What of a node the wrapper needs: the tool that tells the uid. */
const prelude = ["# prelude", "ID=/usr/xpg4/bin/id", "R=", "# end prelude"];

/** Longest text of a command or script, bytes: it travels as one argument of a process, and Linux takes no longer one than 128 KiB. */
export const MAX_COMMAND_BYTES = 100 * 1024;

export interface CommandInputs {
  /** Hex; new for every host. */
  readonly nonce: string;
  /** Whatever the operator wrote: a shell reads it, ours never does. */
  readonly text: string;
  /** Options for that shell, `-eu`; empty: none. */
  readonly shellOptions: string;
  /** Whether the script has to find itself root first. */
  readonly asRoot: boolean;
}

/** The line that ends what others say on a stream: from there on it is the command's, byte for byte. */
export const beginLine = (nonce: string): string => `@${nonce} begin\n`;

/** The beginning of the line that says that nothing has run: the uid is not root's. */
export const refusalPrefix = (nonce: string): string => `@${nonce} refuse E_BECOME `;

/**
 * No umask and no locale: the command finds what a login finds. The text is one quoted word, so that nothing in it (an open
 * quote, a here-document, a brace) can end before we want it to: what is wrong with it the command's own shell says.
 */
export const commandScript = ({ nonce, text, shellOptions, asRoot }: CommandInputs): string => {
  const shell = ["exec", "/bin/sh", ...(shellOptions === "" ? [] : [quote(shellOptions)]), "-c", quote(text)].join(" ");
  return [
    "main() {",
    ...(asRoot ? [...prelude, ...proof(nonce)] : []),
    ...["", " >&2"].map((to) => `printf '@%s begin\\n' ${quote(nonce)}${to}`),
    shell,
    "}",
    "{ main </dev/null; }",
    "",
  ].join("\n");
};

const proof = (nonce: string): readonly string[] => [
  'uid=$("$ID" -u 2>/dev/null)',
  'if [ "$uid" != 0 ]; then',
  `printf '${refusalPrefix(nonce)}the command would run with uid %s and needs 0\\n' "\${uid:-unknown}"`,
  "exit 3",
  "fi",
];

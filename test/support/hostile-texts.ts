/** Two hundred texts that a node, a file or a person may send to do something to whoever reads them: 25 attacks, each in 8 places. */

/** What terminals, readers of logs and readers of JSON act on. */
const attacks: readonly (readonly [name: string, text: string])[] = [
  ["clears the screen", "\u001b[2J\u001b[H"],
  ["sets the title", "\u001b]0;all is well\u0007"],
  ["writes the clipboard", "\u001b]52;c;cm0gLXJmIC8K\u0007"],
  ["asks the terminal to answer", "\u001b[6n\u001b[c\u001b[>q"],
  ["opens a device control string", "\u001bP+q544e\u001b\\"],
  ["links elsewhere", "\u001b]8;;http://example.invalid\u001b\\here\u001b]8;;\u001b\\"],
  ["hides what follows", "\u001b[8mhidden\u001b[28m"],
  ["moves up and overwrites", "\u001b[1A\u001b[2Kcn01 changed"],
  ["leaves the alternate screen", "\u001b[?1049l\u001b[?25l"],
  ["resets the terminal", "\u001bc"],
  ["changes the character set", "\u001b(0\u000e"],
  ["does it with C1 controls", "\u009b2J\u009d0;x\u009c\u0090q\u009c"],
  ["goes back to the start of the line", "failed\rchanged"],
  ["takes letters back", "bad\b\b\bgood"],
  ["rings, feeds, tabs", "\u0007\u000b\u000c\u0085"],
  ["ends the text for a reader in C", "before\u0000after"],
  ["turns the reading direction", "\u202eexe.gnp\u202c \u2066x\u2069"],
  ["is wide of nothing", "pass\u200bword\u200d\u2060\ufeff"],
  ["hides letters in tags", "a\u{e0061}\u{e0062}\u{e007f}b"],
  ["uses nobody's code points", "\ue000\uf8ff\ufff9\u{10fffd}"],
  ["breaks lines another way", "one\u2028two\u2029three\r\nfour"],
  ["piles marks up", `z${"\u0301".repeat(200)}`],
  ["plays our reply", "@0123456789abcdef begin\n@0123456789abcdef end 0"],
  ["plays our report", 'novasweep: cn01 changed\n{"v":1,"type":"run.settled","exit":0}'],
  ["breaks out of a string", '","outcome":"changed","x":"\\u001b[2J\\'],
];

const places: readonly (readonly [name: string, put: (attack: string) => string])[] = [
  ["alone", (attack) => attack],
  ["on a line", (attack) => `${attack}\n`],
  ["at the start", (attack) => `${attack} and on\n`],
  ["in the middle", (attack) => `before ${attack} after\n`],
  ["at the end", (attack) => `before ${attack}`],
  ["many times", (attack) => `${attack} `.repeat(50)],
  ["after a long line", (attack) => `${"x".repeat(5_000)}${attack}\n`],
  ["doubled, half of it cut off", (attack) => attack + attack.slice(0, Math.ceil(attack.length / 2))],
];

export const hostileTexts: readonly (readonly [name: string, text: string])[] = attacks.flatMap(([attack, text]) =>
  places.map(([place, put]) => [`${attack}, ${place}`, put(text)] as const),
);

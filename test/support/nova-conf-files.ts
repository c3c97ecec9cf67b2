/** Nasty nova.conf files by the thousand, and what makes each of them nasty. Texts have one character a byte. */
import fc from "fast-check";

const key = "glancecache_dirname";

const long = `/${"x".repeat(5000)}`;
const values = [
  ...["/x", "/var/lib/nova", "/var/share/nova/images", "a=b:c", "true", "", '"/x y"', "'/x'", "'", '"', "\"/x'", '""'],
  ...[
    "$a/i",
    "$state_path/images",
    `$\{solariszones.a}`,
    `$${key}`,
    `\${solariszones.${key}}`,
    "$$",
    "\\$a",
    "$",
    "${",
  ],
  ...["%(a)s", "100%", "%SERVICE_USER%", "/x ;y", "/x;y", ";", "/x # y", "/x ; a ; b", long],
  ...[
    "\u00c3\u00a9",
    "\u00e9",
    "/a\u0000b",
    "\u0001\u001b[0m",
    "/a\fb",
    "/a\vb",
    "/a\rb",
    "\u00a0",
    "\u0085",
    "\u001c",
  ],
];
const names = [
  ...[key, key, key, key, "a", "a", "state_path", "B", "c d", "my_ip", "remote", "rem x", "rem", "REM y"],
  ...[key.toUpperCase(), "GlanceCache_Dirname", `x${key}`, "\u00e9t\u00e9", "\u00c3\u00a9", "a\u0000", "a\fb"],
];
const sections = [
  ...["DEFAULT", "DEFAULT", "DEFAULT", "solariszones", "solariszones", "solariszones", "keystone_authtoken"],
  ...["default", "SolarisZones", "a]b", " DEFAULT", "\u00e9", "\u00c3\u00a9", "Default"],
];
const separators = ["=", " = ", "=", " = ", ":", " :\t", "= ", "\t=", " =", ":="];

/** One of a list, each as likely as it is written often. */
const among = (list: readonly string[]) => fc.constantFrom(...list);
const weighted = (...pairs: readonly (readonly [number, fc.Arbitrary<string>])[]) =>
  fc.oneof(...pairs.map(([weight, arbitrary]) => ({ weight, arbitrary })));

const continuation = among([
  "  more",
  "\tmore = x",
  " # more",
  " ; more",
  "  x ;y",
  " [more]",
  "\t\u00e9",
  " \f",
  " rem x",
]);
const assignment = fc
  .tuple(
    among(names),
    among(separators),
    among(values),
    weighted([8, among([""])], [2, continuation.map((n) => `\n${n}`)]),
  )
  .map((parts) => parts.join(""));
const header = fc
  .tuple(among(sections), weighted([9, among([""])], [1, among([" ", "\t", "\f"])]))
  .map(([name, behind]) => `[${name}]${behind}`);
const comment = among([
  `#${key}=/x`,
  `# ${key} = /x`,
  `;${key}=/x`,
  `#${key}`,
  "# note",
  "; note",
  "#",
  "# \u00ff\u0000",
]);
const blank = among(["", "", "", " ", "\t", "\f", "\v", "\r"]);
/** What oslo.config refuses, nearly always. */
const broken = weighted(
  [6, among(["[]", "[x", "[x] # y", "=", ": x", "word", "\u0085", "x \u0000", " stray", "\n stray"])],
  [2, among(["a = 1\n# note\n  more", "a=1\n;\n\tmore", "a: 1\n\n  more"])],
  [3, among(["\fa=1", "\va=1", "\u00a0a=1", "\u001c x=1", "\ra=1"])],
  [2, fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)), maxLength: 12 })],
);

const calm = weighted([10, assignment], [4, header], [4, comment], [3, blank]);
const wild = weighted([10, assignment], [4, header], [4, comment], [3, blank], [2, broken]);

/** Ends of lines: a file has one kind, or is in a mess. */
const ending = fc.oneof(
  { weight: 6, arbitrary: fc.constant(fc.constant("\n")) },
  { weight: 2, arbitrary: fc.constant(fc.constant("\r\n")) },
  { weight: 2, arbitrary: fc.constant(fc.constantFrom("\n", "\n", "\n", "\r\n", " \n", "\t\r\n", "\r\r\n")) },
  { weight: 1, arbitrary: fc.constant(fc.constantFrom("\n", "\n", "\n", "\n", "\n", "\r")) },
);

const body = fc
  .tuple(weighted([3, fc.constant("calm")], [1, fc.constant("wild")]), ending)
  .chain(([mood, end]) =>
    fc
      .array(fc.tuple(mood === "calm" ? calm : wild, end), { maxLength: 14 })
      .map((lines) => lines.map((pair) => pair.join("")).join("")),
  );

const head = weighted(
  [24, among(["[DEFAULT]\n", "[DEFAULT]\n", "[solariszones]\r\n", "# top\n[DEFAULT]\n", "\n\n[solariszones]\n"])],
  [2, fc.constant("")],
  [1, fc.constant("\u00ef\u00bb\u00bf[DEFAULT]\n")],
);

/** A file as text. */
export const confText: fc.Arbitrary<string> = weighted(
  [
    60,
    fc
      .tuple(head, body, fc.boolean())
      .map(([top, rest, cut]) => (cut ? (top + rest).replace(/\r?\n$/, "") : top + rest)),
  ],
  [1, fc.constant("")],
);

/** What oslo.config takes for a header, a key, a continuation: enough to tell features, not to judge. */
const headersOf = (text: string) => [...text.matchAll(/^\[([^\n]+?)\][ \t\f\v\r]*$/gm)].map((match) => match[1] ?? "");
const hasDuplicate = (list: readonly string[]) => new Set(list).size < list.length;

/** A nasty thing that a file may hold, and whether a file with it can be edited at all. */
export interface Feature {
  readonly name: string;
  readonly editable: boolean;
  readonly isIn: (text: string) => boolean;
}

const feature = (name: string, isIn: RegExp | ((text: string) => boolean), editable = true): Feature => ({
  name,
  editable,
  isIn: typeof isIn === "function" ? isIn : (text) => isIn.test(text),
});

/** Everything the generator has to produce, again and again. */
export const features: readonly Feature[] = [
  feature("the key, active", new RegExp(`^${key}[ \\t]*[=:]`, "m")),
  feature("the key, commented out", new RegExp(`^[#;] ?${key} ?=`, "m")),
  feature("the key, twice", (text) => (text.match(new RegExp(`^${key}[ \\t]*[=:]`, "gm"))?.length ?? 0) > 1),
  feature("the key in other case", /^(GLANCECACHE_DIRNAME|GlanceCache_Dirname)[ \t]*[=:]/m),
  feature("another key twice", /^a[ \t]*[=:][\s\S]*^a[ \t]*[=:]/m),
  feature("a colon for a separator", /^[a-zA-Z_]+[ \t]*:/m),
  feature("a continuation line", /^[a-z_]+[ \t]*[=:][^\n]*\n[ \t]+\S/m),
  feature("a continuation that looks like a comment", /\n[ \t]+[#;] more/),
  feature(
    "a comment between a key and its continuation",
    /(?<![^\n])[a-z_]+[ \t]*[=:][^\n]*\n#[^\n]*\n[ \t]+[^\s]/,
    false,
  ),
  feature("a blank line before a continuation", /(?<![^\n])[ \t\f\v\r]*\n[ \t]+[^\s]/, false),
  feature("CRLF", /\r\n/),
  feature("CRLF throughout", (text) => /\r\n/.test(text) && !/(?<!\r)\n/.test(text)),
  feature("a lone CR", /\r(?!\n)/),
  feature("no final newline", /[^\n]$/),
  feature("an empty file", /^$/),
  feature("an empty section", /^\[[^\n]+\]\s*\n\[/m),
  feature("a section again", (text) => hasDuplicate(headersOf(text))),
  feature("a section in other case", /^\[(default|Default|SolarisZones)\]/m),
  feature("no [DEFAULT]", (text) => !headersOf(text).includes("DEFAULT")),
  feature("a bracket in a section's name", /^\[a\]b\]/m),
  feature("a byte order mark", /^\u00ef\u00bb\u00bf/, false),
  feature("NUL", /\0/),
  feature("a control character", /[\x01-\x08\x0e-\x1b]/),
  feature("a separator of Unicode", /[\x1c-\x1f\x85\xa0]/),
  feature("UTF-8", /\u00c3\u00a9/),
  feature("Latin-1", /(?<!\u00c3)\u00e9/),
  feature("a form feed", /\f/),
  feature("a vertical tab", /\v/),
  feature("a value in quotes", /[=:][ \t]*(["'])[^\n]*\1[ \t\r]*$/m),
  feature("a lone quote", /[=:][ \t]*["'][ \t\r]*$/m),
  feature("a reference", /\$(?:a\b|state_path|\{)/),
  feature(
    "the key referring to itself",
    new RegExp(`^${key}[ \\t]*[=:][ \\t]*\\$(${key}|\\{solariszones\\.${key}\\})`, "m"),
  ),
  feature("a per cent sign", /%/),
  feature("a semicolon behind a blank", / ;/),
  feature("a line that begins with rem", /^rem\b/im),
  feature("a key that begins with rem", /^remote/m),
  feature("a line of 5,000 bytes", /[^\n]{5000}/),
  feature("a line of blanks", /^[ \t\f\v\r]+$/m),
];

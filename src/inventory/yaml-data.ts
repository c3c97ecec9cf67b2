/** Loaded when the first YAML file is read, not before: the package takes as long to load as the rest of the inventory. */
import { type Document, LineCounter, type Node, parseDocument, visit, type YAMLError } from "yaml";
import type { Data } from "./data.ts";
import { bad, type Reading } from "./statement.ts";
import { yamlTree } from "./yaml-tree.ts";

/** First bytes of a file that ansible-vault encrypted as a whole. */
const VAULT = "$ANSIBLE_VAULT;";

/** Brackets open at once, those in quoted texts counted too: no inventory comes near. */
const MAX_BRACKETS = 5_000;

/** Syntax errors of one file that are told: the first usually causes the others. */
const MAX_ERRORS = 3;

/** YAML, and JSON with it, as a tree; undefined, with complaints, when it is neither. */
export const parseYaml = (bytes: Uint8Array, file: string, reading: Reading): Data | undefined => {
  const text = decode(bytes);
  if (text === undefined) {
    reading.complaints.push(bad(file, "the file is not UTF-8 text", "name a text file in YAML, or save it as UTF-8"));
    return undefined;
  }
  if (text.startsWith(VAULT)) return { kind: "sealed", where: file };
  if (isNestedAbsurdly(text)) {
    reading.complaints.push(
      bad(file, "this is not valid YAML: it is nested too deeply", "look whether it is the right file"),
    );
    return undefined;
  }
  const lines = new LineCounter();
  // Every scalar as the text that stands there: a mode 0755 must not become 493. Keys are compared in yaml-tree, with
  // both places and in linear time.
  const document = parseDocument(text, {
    schema: "failsafe",
    version: "1.1",
    lineCounter: lines,
    uniqueKeys: false,
    prettyErrors: false,
    logLevel: "error",
  });
  const at = (offset: number): string => `${file}:${Math.max(lines.linePos(offset).line, 1)}`;
  if (document.errors.length > 0) {
    for (const error of errorsToTell(document.errors))
      reading.complaints.push(bad(at(error.pos[0]), `this is not valid YAML: ${phraseOf(error)}`, adviceOn(error)));
    return undefined;
  }
  // Most files have no anchors.
  const targets = text.includes("&") ? aliasTargets(document) : new Map<Node, Node>();
  return yamlTree(document.contents, targets, { at, file, reading });
};

/** The package finds that out itself, but takes a minute for what a few MiB of brackets can say. */
const isNestedAbsurdly = (text: string): boolean => {
  let depth = 0;
  for (let at = 0; at < text.length && depth <= MAX_BRACKETS; at++) {
    const char = text[at];
    if (char === "[" || char === "{") depth++;
    else if ((char === "]" || char === "}") && depth > 0) depth--;
  }
  return depth > MAX_BRACKETS || /(?:[-?] +){1000}/.test(text);
};

const decode = (bytes: Uint8Array): string | undefined => {
  if (bytes.includes(0)) return undefined;
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
};

/** What each alias stands for: the last anchor of its name before it. One walk, where the package would search each time. */
const aliasTargets = (document: Document.Parsed): ReadonlyMap<Node, Node> => {
  const anchors = new Map<string, Node>();
  const targets = new Map<Node, Node>();
  visit(document, {
    Alias: (_, alias) => {
      const target = anchors.get(alias.source);
      if (target !== undefined) targets.set(alias, target);
    },
    Value: (_, node) => {
      if (node.anchor !== undefined) anchors.set(node.anchor, node);
    },
  });
  return targets;
};

/** The package's own messages repeat what stands in the file, which may be a password. */
const phrases: Readonly<Partial<Record<YAMLError["code"], string>>> = {
  BAD_ALIAS: "an alias (*) has no good name",
  BAD_DIRECTIVE: "a line that begins with % is not understood",
  BAD_DQ_ESCAPE: "a backslash between double quotes begins no escape that YAML knows",
  BAD_INDENT: "the indentation does not fit",
  BAD_SCALAR_START: "a value begins with a character that has to be quoted",
  BLOCK_AS_IMPLICIT_KEY: "a second key stands on the line, or the line is indented too far",
  KEY_OVER_1024_CHARS: "a key is longer than 1,024 characters",
  MISSING_CHAR: "something is not closed, or a colon is missing",
  MULTILINE_IMPLICIT_KEY: "a key goes over several lines; most often a colon is missing",
  MULTIPLE_DOCS: "a second document begins here",
  RESOURCE_EXHAUSTION: "it is nested too deeply",
  TAB_AS_INDENT: "a tab is used for indentation",
  UNEXPECTED_TOKEN: "something stands here that does not belong",
};

/** Where the nesting was too deep everything behind it is wrong too. */
const errorsToTell = (errors: readonly YAMLError[]): readonly YAMLError[] => {
  const tooDeep = errors.find(({ code }) => code === "RESOURCE_EXHAUSTION");
  return tooDeep === undefined ? errors.slice(0, MAX_ERRORS) : [tooDeep];
};

const phraseOf = ({ code }: YAMLError): string => phrases[code] ?? `error ${code}`;

const adviceOn = ({ code }: YAMLError): string => {
  if (code === "TAB_AS_INDENT") return "indent with blanks";
  if (code === "MULTIPLE_DOCS") return "keep one document in the file";
  return "look at this line and the one before; quote values that hold : # { [ or begin with a sign";
};

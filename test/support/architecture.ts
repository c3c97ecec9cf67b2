/** The rules of the source tree that neither the compiler nor the linter enforces, as one pure function over files. */
import { posix } from "node:path";

export interface SourceFile {
  /** Relative to the top, `src/domain/drift.ts`. */
  readonly path: string;
  readonly text: string;
}

/** Longest source file, lines. */
const MAX_LINES = 300;

/** Folder -> folders and packages it may import, besides itself. `node:` is allowed everywhere but in domain. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  domain: [],
  inventory: ["domain", "ini", "yaml"],
  "ssh-config": ["domain", "inventory"],
  remote: ["domain"],
  transport: ["domain", "ssh2"],
  journal: ["domain", "ajv"],
  engine: ["domain", "remote", "transport", "journal", "p-limit"],
  view: ["domain", "string-width"],
  "view/tui": ["domain", "view", "ink", "react", "string-width"],
  lab: ["domain", "ssh2"],
  cli: [
    "domain",
    "inventory",
    "ssh-config",
    "remote",
    "transport",
    "journal",
    "engine",
    "view",
    "view/tui",
    "lab",
    "yargs",
  ],
  ".": ["cli"],
};

/** What is wrong with these files, one line each, `path: what`. */
export const breaches = (files: readonly SourceFile[]): readonly string[] =>
  files.flatMap((file) => [
    ...importBreaches(file),
    ...textRules
      .filter(({ applies, wrong }) => applies(file.path) && wrong.test(codeOf(file)))
      .map(({ says }) => `${file.path}: ${says}`),
    ...shapeBreaches(file),
  ]);

const importBreaches = (file: SourceFile): readonly string[] => {
  const folder = folderOf(file.path);
  return importsOf(file.text).flatMap((specifier) => {
    const target = targetOf(file.path, specifier);
    const own = target === folder || (folder === "domain" ? false : target.startsWith("node:"));
    const fine = own || (allowed[folder] ?? []).includes(target);
    const extension = !specifier.startsWith(".") || /\.tsx?$/.test(specifier);
    return [
      ...(fine ? [] : [`${file.path}: ${folder} may not import ${specifier}`]),
      ...(extension ? [] : [`${file.path}: ${specifier} lacks its .ts`]),
    ];
  });
};

/** Every specifier of a static or dynamic import and of a re-export; types count too. */
export const importsOf = (text: string): readonly string[] =>
  [...withoutComments(text).matchAll(importForm)].map((match) => match[1] ?? match[2] ?? "");

const importForm =
  /(?:^|;)\s*(?:import|export)\b(?:[^"'`;]*?\bfrom)?\s*["']([^"'\s]+)["']|\bimport\s*\(\s*["'`]([^"'`\s]+)["'`]/gm;

const targetOf = (path: string, specifier: string): string => {
  if (specifier.startsWith(".")) return folderOf(posix.join(posix.dirname(path), specifier));
  return specifier.startsWith("@") ? specifier.split("/", 2).join("/") : (specifier.split("/", 1)[0] ?? specifier);
};

const folderOf = (path: string): string => {
  const [top, folder, inner, ...rest] = path.split("/");
  if (top !== "src" || folder === undefined) return path;
  if (inner === undefined) return ".";
  return folder === "view" && inner === "tui" && rest.length > 0 ? "view/tui" : folder;
};

const withoutComments = (text: string): string =>
  text.replace(/\/\*[\s\S]*?\*\//g, " ").replace(/(^|[^:"'`])\/\/.*$/gm, "$1");

/** The text without comments and strings, roughly: enough to tell a use from a mention. */
const codeOf = ({ text }: SourceFile): string =>
  withoutComments(text).replace(/"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'/g, '""');

const textRules: readonly {
  readonly says: string;
  readonly wrong: RegExp;
  readonly applies: (path: string) => boolean;
}[] = [
  { says: "exports a default", wrong: /\bexport\s+default\b/, applies: () => true },
  {
    says: "passes another file's exports on",
    wrong: /\bexport\s+(?:type\s+)?(?:\*|\{[^}]*\})\s*(?:as\s+\w+\s*)?from\b/,
    applies: () => true,
  },
  { says: "uses any", wrong: /[:<,|]\s*any\b|\bas\s+any\b/, applies: () => true },
  { says: "writes to the console", wrong: /\bconsole\s*\./, applies: () => true },
  {
    says: "touches the process",
    wrong: /(?<![.\w-])process\s*\./,
    // The lab is a process of its own.
    applies: (path) => path !== "src/main.ts" && !path.startsWith("src/lab/"),
  },
  {
    says: "reads the environment",
    wrong: /(?<![.\w-])process\s*\.\s*env\b/,
    applies: (path) => path.startsWith("src/lab/"),
  },
  { says: "reads a clock", wrong: /\bDate\b/, applies: (path) => path.startsWith("src/domain/") },
  { says: "is random", wrong: /\bMath\s*\.\s*random\b/, applies: (path) => path.startsWith("src/domain/") },
  { says: "depends on the locale", wrong: /\bIntl\b|\btoLocale\w*/, applies: (path) => path.startsWith("src/domain/") },
];

const shapeBreaches = ({ path, text }: SourceFile): readonly string[] => {
  const lines = text.split("\n").length - 1;
  const name = posix.basename(path).replace(/\.\w+$/, "");
  const named = /^[a-z0-9]+(-[a-z0-9]+)*$/.test(name) || (path.endsWith(".tsx") && /^[A-Z][A-Za-z0-9]*$/.test(name));
  return [
    ...(lines > MAX_LINES ? [`${path}: ${lines} lines, ${MAX_LINES} are allowed`] : []),
    ...(named ? [] : [`${path}: the name is not kebab-case`]),
    ...(/\/\*\*/.test(text) ? [] : [`${path}: says nowhere what it is for`]),
    ...(/\.\.\/shared\b|(?<![\w.~])\/(?:work|home|root|Users)\//.test(text)
      ? [`${path}: names a folder of one machine`]
      : []),
    ...(/(?:@ts-(?:ignore|expect-error|nocheck)|biome-ignore|eslint-disable)/.test(text)
      ? [`${path}: suppresses a check`]
      : []),
  ];
};

/** What never comes to a host: words of a command line or of an inventory. */

export interface BadWords {
  readonly danger: string;
  readonly because: string;
  /** Options of purge. */
  readonly args: readonly string[];
  readonly says: RegExp;
}

const dirs = (value: string): readonly string[] => ["--set", `legacy_dirs=${value}`];
const foreign = (name: string): readonly string[] => [`--include-foreign=${name}`];
const path = "A directory of the past is an absolute path of plain characters, without . and ..";
const file = "A foreign file is one plain name";

export const badWords: readonly BadWords[] = [
  { danger: "the old cache is /", args: dirs("/"), says: /^novasweep: legacy_dirs cannot be /, because: path },
  {
    danger: "the old cache is the one in use, by ..",
    args: dirs("/var/lib/../share/nova/images"),
    says: /^novasweep: legacy_dirs cannot be /,
    because: path,
  },
  {
    danger: "the old cache has . in it",
    args: dirs("/var/lib/./nova/images"),
    says: /^novasweep: legacy_dirs cannot be /,
    because: path,
  },
  {
    danger: "the old cache is a relative path",
    args: dirs("images"),
    says: /^novasweep: legacy_dirs cannot be /,
    because: path,
  },
  {
    danger: "the old cache's path has a blank",
    args: dirs("/var/lib/nova /etc"),
    says: /^novasweep: legacy_dirs cannot be /,
    because: path,
  },
  {
    danger: "the old cache's path has a line break",
    args: dirs("/var/lib/nova\n/etc"),
    says: /^novasweep: legacy_dirs cannot be /,
    because: path,
  },
  {
    danger: "the old cache's path is a pattern",
    args: dirs("/var/lib/nova/*"),
    says: /^novasweep: legacy_dirs cannot be /,
    because: path,
  },
  {
    danger: "the old cache's path is a command",
    args: dirs("/var/lib/$(rm -rf x)"),
    says: /^novasweep: legacy_dirs cannot be /,
    because: path,
  },
  {
    danger: "--include-foreign names a path",
    args: foreign("../canary"),
    says: /^novasweep: --include-foreign does not take/,
    because: file,
  },
  {
    danger: "--include-foreign names an absolute path",
    args: foreign("/etc/passwd"),
    says: /^novasweep: --include-foreign does not take/,
    because: file,
  },
  {
    danger: "--include-foreign names ..",
    args: foreign(".."),
    says: /^novasweep: --include-foreign does not take/,
    because: file,
  },
  {
    danger: "--include-foreign names an option",
    args: foreign("-rf"),
    says: /^novasweep: --include-foreign does not take/,
    because: file,
  },
  {
    danger: "--include-foreign names a pattern",
    args: foreign("*"),
    says: /^novasweep: --include-foreign does not take/,
    because: file,
  },
  {
    danger: "--keep leaves one boot environment",
    args: ["--boot-environments", "--keep", "1"],
    says: /^novasweep: --keep does not take/,
    because: "Two is the least that may be asked for",
  },
  {
    danger: "--boot-environments without --keep",
    args: ["--boot-environments"],
    says: /^novasweep: --boot-environments needs --keep N/,
    because: "How many stay is the operator's to say",
  },
  {
    danger: "two purges at once",
    args: ["--legacy", "--boot-environments", "--keep", "2"],
    says: /^novasweep: .* are two purges/,
    because: "One subject a run, each with its own plan",
  },
];

/** What destroying boot environments would free, and the step that destroys one: what it does, and all that it refuses. */
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { bootEnvironmentSpaces } from "../../src/remote/facts-boot-environments.ts";
import { Lookup } from "../../src/remote/reply-lookup.ts";
import { takesShell } from "../support/long.ts";
import {
  type Ended,
  factsOf,
  makeShellNode,
  replyOf,
  type ShellNode,
  shells,
  transactionOf,
} from "../support/shell-node.ts";

vi.setConfig({ maxConcurrency: 6 });

const MIB = 1024 ** 2;
const ROOT = "rpool/ROOT";

interface Environment {
  readonly name: string;
  readonly flags?: string;
  readonly mountpoint?: string;
  readonly policy?: string;
  readonly uuid?: string;
  readonly created?: number;
}

const uuidOf = (name: string): string => `215b8387-4968-627c-d2d0-${name}`;
const row = ({
  name,
  flags = "",
  mountpoint = "",
  policy = "static",
  uuid,
  created = 1_446_199_384,
}: Environment): string => `${name};${uuid ?? uuidOf(name)};${flags};${mountpoint};1000;${policy};${created}\n`;
const running: Environment = { name: "solaris", flags: "NR", mountpoint: "/" };
const backup: Environment = { name: "solaris-backup-1" };
const other: Environment = { name: "other" };

const list = (...environments: readonly Environment[]): string => environments.map(row).join("");
const zfs = (one: ShellNode): string => readFileSync(join(one.state, "zfs"), "utf8");
const set = (one: ShellNode, dataset: string, property: string, value: string): void => {
  const line = new RegExp(`^${dataset}\t${property}\t.*\n`, "m");
  writeFileSync(join(one.state, "zfs"), `${zfs(one).replace(line, "")}${dataset}\t${property}\t${value}\t-\n`);
};
const listed = (one: ShellNode): readonly string[] =>
  readFileSync(join(one.state, "be"), "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => line.split(";")[0] ?? "");

const onNode = async (
  act: (one: ShellNode) => Promise<void>,
  ...environments: readonly Environment[]
): Promise<void> => {
  const one = makeShellNode();
  try {
    writeFileSync(join(one.state, "be"), list(...(environments.length > 0 ? environments : [running, backup, other])));
    await act(one);
  } finally {
    one.remove();
  }
};

/** The step as a plan has it: `looked` is what was seen then. */
const destroy = (looked = backup, keep = 2, least = 156 * MIB): string =>
  transactionOf("boot-environments.sh", [
    `step 1 be_destroy '${looked.name}' '${looked.uuid ?? uuidOf(looked.name)}' ${looked.created ?? 1_446_199_384} ${keep} ${least}`,
  ]);

const told = (ended: Ended): readonly string[] => ended.lines.filter((line) => /^(step|purged|refuse|end) /.test(line));
const done = (freed: number | string): readonly string[] => [
  "step 1 start",
  `purged 1 1 - ${freed}`,
  "step 1 ok",
  "end 0",
];
const failed = (code: string, words: string): readonly string[] => [
  "step 1 start",
  `step 1 fail ${code} ${words}`,
  "end 1",
];

/** Waits for ZFS take no time; the ticker sleeps in longer pieces, and its limits stay what they are. */
const oneSecondIsNothing = (one: ShellNode): void =>
  one.replaceTool("SLEEP", '[ "$1" != 1 ] || exit 0; exec $real "$@"');

describe.concurrent.each(shells.filter(([name]) => takesShell(name)))("boot environments under %s", (_name, shell) => {
  test("one is destroyed, and what is free is what ZFS has less", () =>
    onNode(async (one) => {
      const before = zfs(one);
      expect(before).toContain(`${ROOT}/solaris-backup-1/var\t`);
      const ended = await one.run(shell, destroy());
      expect(told(ended)).toEqual(done(156 * MIB));
      expect(listed(one)).toEqual(["solaris", "other"]);
      expect(zfs(one)).not.toContain("solaris-backup-1");
      // The closing look has it too.
      expect(factsOf(ended).bootEnvironments).toMatchObject({ value: [{ name: "solaris" }, { name: "other" }] });
    }));

  test("several, each judged by what the ones before left", () =>
    onNode(
      async (one) => {
        const step = (n: number, name: string): string => `step ${n} be_destroy ${name} ${uuidOf(name)} 1446199384 2 0`;
        // No dataset of theirs is there to free anything.
        oneSecondIsNothing(one);
        const script = transactionOf("boot-environments.sh", [step(1, "a"), step(2, "b"), step(3, "c")]);
        expect(told(await one.run(shell, script))).toEqual([
          "step 1 start",
          "purged 1 1 - 0",
          "step 1 ok",
          "step 2 start",
          "purged 2 1 - 0",
          "step 2 ok",
          "step 3 start",
          "step 3 fail E_STALE 1 bootable boot environments would remain, and 2 must",
          "end 1",
        ]);
        expect(listed(one)).toEqual(["solaris", "c"]);
      },
      running,
      { name: "a" },
      { name: "b" },
      { name: "c" },
    ));

  const stale: readonly (readonly [string, readonly Environment[], string, number?])[] = [
    ["it became active", [running, { ...backup, flags: "N" }, other], "solaris-backup-1 has the flags N now"],
    ["it is for the next boot", [running, { ...backup, flags: "R" }, other], "solaris-backup-1 has the flags R now"],
    ["it cannot be booted", [running, { ...backup, flags: "!" }, other], "solaris-backup-1 has the flags ! now"],
    ["it is mounted", [running, { ...backup, mountpoint: "/mnt" }, other], "solaris-backup-1 is mounted at /mnt now"],
    [
      "its policy protects it",
      [running, { ...backup, policy: "static,noevict" }, other],
      "its policy protects solaris-backup-1 now: noevict",
    ],
    [
      "its policy has a word nobody knows",
      [running, { ...backup, policy: "keepme" }, other],
      "its policy protects solaris-backup-1 now: keepme",
    ],
    ["it is another of that name", [running, { ...backup, uuid: "x" }, other], "solaris-backup-1 is another one now"],
    ["it is of another time", [running, { ...backup, created: 1 }, other], "solaris-backup-1 is another one now"],
    ["it is gone", [running, other, { name: "third" }], "solaris-backup-1 is not there any more"],
    ["it is the last but one", [running, backup], "1 bootable boot environments would remain, and 2 must"],
    [
      "one was asked to stay, and two must",
      [running, backup],
      "1 bootable boot environments would remain, and 2 must",
      1,
    ],
    [
      "as many are left as shall stay",
      [running, backup, other],
      "2 bootable boot environments would remain, and 3 must",
      3,
    ],
    [
      "the others cannot be booted",
      [running, backup, { ...other, flags: "!" }],
      "1 bootable boot environments would remain, and 2 must",
    ],
    [
      "another is for the next boot",
      [{ ...running, flags: "N" }, backup, { ...other, flags: "R" }],
      "other is active on reboot now, and solaris runs",
    ],
    ["none runs", [{ ...running, flags: "R" }, backup, other], "0 boot environments are active now"],
    [
      "none is for the next boot",
      [{ ...running, flags: "N" }, backup, other],
      "0 boot environments are active on reboot",
    ],
    ["two run", [running, backup, { ...other, flags: "N" }], "2 boot environments are active now"],
    [
      "the one that runs is marked",
      [{ ...running, flags: "NR!" }, backup, other],
      "solaris runs and is marked as not bootable",
    ],
    ["one is listed twice", [running, backup, other, other], "boot environment other is listed twice"],
  ];
  test.each(stale.map(([when, environments, words, keep = 2]) => ({ when, environments, words, keep })))(
    "none is destroyed when $when",
    ({ environments, words, keep }) =>
      onNode(
        async (one) => {
          const ended = await one.run(shell, destroy(backup, keep));
          expect(told(ended)).toEqual(failed("E_STALE", words));
          expect(listed(one)).toEqual(environments.map(({ name }) => name));
          expect(zfs(one)).toContain("solaris-backup-1");
        },
        ...environments,
      ),
  );

  test("a list that cannot be had, or read, allows nothing", () =>
    onNode(async (one) => {
      one.replaceTool("BEADM", 'case $1 in list) echo "internal error" >&2; exit 1 ;; esac; exec $real "$@"');
      expect(told(await one.run(shell, destroy()))).toEqual(
        failed("E_STEP", "the boot environments cannot be listed: internal error"),
      );
      one.replaceTool("BEADM", 'case $1 in list) $real "$@"; echo "some words"; exit ;; esac; exec $real "$@"');
      expect(told(await one.run(shell, destroy()))).toEqual(
        failed("E_STALE", "a row of beadm cannot be read: some words"),
      );
      one.replaceTool("BEADM", 'case $1 in list) exit ;; esac; exec $real "$@"');
      expect(told(await one.run(shell, destroy()))).toEqual(
        failed("E_STALE", "solaris-backup-1 is not there any more"),
      );
      expect(listed(one)).toContain("solaris-backup-1");
    }));

  test("a name that means more to beadm than a name does not reach it", () =>
    onNode(async (one) => {
      for (const name of ["-f", "solaris-backup-1@snap", "a b", ""])
        expect(told(await one.run(shell, destroy({ name })))).toEqual(
          failed("E_STEP", "a name that does not go into a command"),
        );
      expect(listed(one)).toHaveLength(3);
    }));

  test("beadm's own words end the step, and nothing is said to be free", () =>
    onNode(async (one) => {
      one.replaceTool(
        "BEADM",
        'case $1 in destroy) echo "Unable to destroy $3." >&2; echo "Device busy" >&2; exit 1 ;; esac; exec $real "$@"',
      );
      expect(told(await one.run(shell, destroy()))).toEqual(
        failed("E_STEP", "Unable to destroy solaris-backup-1. Device busy"),
      );
    }));

  test("one that is still there after beadm said yes was not destroyed", () =>
    onNode(async (one) => {
      one.replaceTool("BEADM", 'case $1 in destroy) exit 0 ;; esac; exec $real "$@"');
      expect(told(await one.run(shell, destroy()))).toEqual(
        failed("E_STEP", "solaris-backup-1 is still there after beadm destroyed it"),
      );
    }));

  test("what another hand changed in that moment ends the run, and what was done is told", () =>
    onNode(async (one) => {
      writeFileSync(join(one.dir, "later"), list({ ...running, flags: "N" }, { ...other, flags: "R" }));
      one.replaceTool(
        "BEADM",
        `[ "$1" = destroy ] || exec $real "$@"
$real "$@" && /usr/bin/cp '${one.dir}/later' '${one.state}/be'`,
      );
      expect(told(await one.run(shell, destroy()))).toEqual([
        "step 1 start",
        `purged 1 1 - ${156 * MIB}`,
        "step 1 fail E_STALE other is active on reboot now, and solaris runs",
        "end 1",
      ]);
    }));

  test.each([
    ["two failing looks after the destroy decide nothing", 2, done(156 * MIB)],
    [
      "three leave it open whether it is gone",
      3,
      failed("E_STEP", "whether solaris-backup-1 is gone cannot be seen: internal error"),
    ],
  ])("%s", (_case, times, lines) =>
    onNode(async (one) => {
      const count = join(one.dir, "failing");
      one.replaceTool(
        "BEADM",
        `[ "$1" != destroy ] || : >'${count}'
if [ "$1" = list ] && [ -e '${count}' ] && [ "$(/usr/bin/wc -l <'${count}')" -lt ${times} ]; then
  echo x >>'${count}'
  echo "internal error" >&2
  exit 1
fi
exec $real "$@"`,
      );
      expect(told(await one.run(shell, destroy()))).toEqual(lines);
    }),
  );

  test.each([
    ["has what is the environment's own", 3000, 4000, 5],
    ["has anything, where nothing is its own for certain", 0, 1, 3],
  ])("ZFS is waited for until it %s", (_case, least, freed, looks) =>
    onNode(async (one) => {
      const count = join(one.dir, "looks");
      oneSecondIsNothing(one);
      one.replaceTool(
        "ZFS",
        `case "$*" in
  *" used rpool/ROOT")
    echo x >>'${count}'
    case $(/usr/bin/wc -l <'${count}') in 1 | 2) echo 5000 ;; 3) echo 4999 ;; 4) exit 1 ;; *) echo 1000 ;; esac
    ;;
  *) exec $real "$@" ;;
esac`,
      );
      expect(told(await one.run(shell, destroy(backup, 2, least)))).toEqual(done(freed));
      expect(readFileSync(count, "utf8").trim().split("\n")).toHaveLength(looks);
    }),
  );

  test.each([
    ["0 when it grew", "echo 6000", "0"],
    ["as much as there is when less becomes free than should", "echo 4000", "1000"],
    ["- when nobody can say", "exit 1", "-"],
  ])("the figure is %s, and the wait has an end", (_case, later, freed) =>
    onNode(async (one) => {
      const count = join(one.dir, "looks");
      oneSecondIsNothing(one);
      one.replaceTool(
        "ZFS",
        `case "$*" in
  *" used rpool/ROOT") echo x >>'${count}'; case $(/usr/bin/wc -l <'${count}') in 1) echo 5000 ;; *) ${later} ;; esac ;;
  *) exec $real "$@" ;;
esac`,
      );
      expect(told(await one.run(shell, destroy(backup, 2, 3000)))).toEqual(done(freed));
      expect(readFileSync(count, "utf8").trim().split("\n")).toHaveLength(62);
    }),
  );

  test("without a figure from before nothing is destroyed", () =>
    onNode(async (one) => {
      one.replaceTool("ZFS", 'case "$*" in *" used rpool/ROOT") echo none ;; *) exec $real "$@" ;; esac');
      expect(told(await one.run(shell, destroy()))).toEqual(failed("E_STEP", "the space of rpool/ROOT: none"));
      expect(listed(one)).toContain("solaris-backup-1");
    }));

  const spaces = async (one: ShellNode, at = shell) => {
    const script = transactionOf("boot-environments.sh", []).replace("\napply_begin\ncommit\n", "\nprobe_look\n");
    const look = script.replace("\nbegin\n", "\nprobe_look() { all_dirs=''; probe_zfs; be_look; say facts; }\nbegin\n");
    const ended = await one.run(at, look);
    expect(ended.lines.at(-1)).toBe("end 0");
    return bootEnvironmentSpaces(new Lookup(replyOf(ended)));
  };

  test("what each holds is told apart: its own, its snapshots', its origins'", () =>
    onNode(async (one) => {
      set(one, `${ROOT}/solaris/var`, "measured", "no");
      set(one, `${ROOT}/solaris/var`, "snap", String(900 * MIB));
      set(one, `${ROOT}/solaris-backup-1`, "snap", "7");
      const own = 4200 * MIB + Number(/^rpool\/ROOT\/solaris\/var\tbase\t(\d+)/m.exec(zfs(one))?.[1]);
      expect(await spaces(one)).toEqual({
        seen: true,
        value: {
          // Others came from it: none of it is its own for certain.
          solaris: { uniqueBytes: 0, snapshotBytes: own + 900 * MIB, origins: {}, originBytes: 0 },
          "solaris-backup-1": {
            uniqueBytes: 156 * MIB,
            snapshotBytes: 7,
            origins: { [`${ROOT}/solaris`]: 0, [`${ROOT}/solaris/var`]: 900 * MIB },
            originBytes: 900 * MIB,
          },
        },
      });
    }));

  test("rows of snapshots count for nothing, one with a figure or an origin nobody knows is left out", () =>
    onNode(async (one) => {
      appendFileSync(
        join(one.state, "zfs"),
        `${ROOT}/odd\ttype\tfilesystem\t-\n${ROOT}/odd\torigin\trpool/gone@x\t-\n`,
      );
      one.replaceTool(
        "ZFS",
        `$real "$@" || exit
case "$*" in
  *usedbydataset,usedbysnapshots,origin*)
    printf '%s\\t%s\\t%s\\n' ${ROOT}/solaris@x usedbydataset - ${ROOT}/solaris@x usedbysnapshots - ${ROOT}/solaris@x origin -
    printf '%s\\t%s\\t%s\\n' ${ROOT}/worse usedbydataset - ${ROOT}/worse usedbysnapshots 1 ${ROOT}/worse origin -
    ;;
esac`,
      );
      const seen = await spaces(one);
      expect(seen.seen && Object.keys(seen.value).sort()).toEqual(["solaris", "solaris-backup-1"]);
    }));

  test("what could not be looked at is not nothing", () =>
    onNode(async (one) => {
      one.replaceTool("ZFS", 'case "$*" in *-r*origin*) echo "internal error" >&2; exit 1 ;; esac; exec $real "$@"');
      expect(await spaces(one)).toEqual({ seen: false, why: "failed", detail: "internal error" });
      one.replaceTool("ZFS", "exit 1");
      expect(await spaces(one)).toEqual({ seen: false, why: "failed", detail: "the root pool is not known" });
    }));
});

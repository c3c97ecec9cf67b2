/** Boot environments: which `purge --boot-environments --keep 2 --older-than 0s` must not destroy. */
import { type Comes, type Situation, STATE } from "./situation.ts";

const DAY = 24 * 3600;
const made = (days: number): string => `$(($(date +%s) - ${days * DAY}))`;
/** Shell: the list of boot environments, oldest first: NAME FLAGS MOUNTPOINT POLICY. */
const list = (...rows: readonly (readonly [name: string, flags?: string, mount?: string, policy?: string])[]): string =>
  `{ ${rows
    .map(
      ([name, flags = "", mount = flags.includes("N") ? "/" : "", policy = "static"], at) =>
        `echo "${name};215b8387-4968-627c-d2d0-0000000000${10 + at};${flags};${mount};164266496;${policy};${made(100 - at)}"`,
    )
    .join("; ")}; } >${STATE}/be
awk -F '\\t' '$1 !~ /ROOT\\/solaris-backup/' ${STATE}/zfs >/tmp/zfs && cat /tmp/zfs >${STATE}/zfs && rm /tmp/zfs
for name in ${rows.flatMap(([name]) => (name === "solaris" ? [] : [`'${name}'`])).join(" ")}; do
  printf "rpool/ROOT/$name\\t%s\\t%s\\t%s\\n" type filesystem - mountpoint / local mounted no - quota 0 default canmount noauto local base 1000 - snap 0 - creation 1443607384 - origin rpool/ROOT/solaris@2015-10-30-10:03:04 - >>${STATE}/zfs
done
`;
const at = (
  danger: string,
  id: string,
  arrange: string,
  comes: Comes,
  goes: readonly string[],
  because: string,
): Situation => ({
  id: `be-${id}`,
  danger,
  arrange,
  comes,
  goes: goes.map((name) => `be ${name}`),
  because,
});
const changed = { outcome: "changed" } as const;
const inSync = { outcome: "in-sync" } as const;
const least = "Two bootable boot environments remain at the least, whatever is asked for";
const law = "beadm list is read again right before the destroy, and must say what was planned";
const six = list(["a"], ["b"], ["c"], ["solaris", "NR"]);

export const environments: readonly Situation[] = [
  at("there is one boot environment", "one", list(["solaris", "NR"]), inSync, [], least),
  at("there are two boot environments", "two", list(["old"], ["solaris", "NR"]), inSync, [], least),
  at("there are four", "four", six, changed, ["a", "b"], "The oldest go, until as many remain as --keep says"),
  at(
    "one is active on reboot, another runs",
    "pending",
    list(["a"], ["b"], ["next", "R"], ["solaris", "N"]),
    { outcome: "refused", code: "E_PENDING_BOOT", says: "next is active on reboot, solaris runs" },
    [],
    "Either may be needed yet",
  ),
  at(
    "the oldest is protected by its policy",
    "policy",
    list(["a", "", "", "noevict"], ["b"], ["c"], ["solaris", "NR"]),
    changed,
    ["b", "c"],
    "Only policies known to be harmless are; any other word protects",
  ),
  at(
    "the oldest has a policy nobody knows",
    "policy-odd",
    list(["a", "", "", "static,keepme"], ["b"], ["c"], ["solaris", "NR"]),
    changed,
    ["b", "c"],
    "Only policies known to be harmless are; any other word protects",
  ),
  at(
    "the oldest is mounted",
    "mounted",
    list(["a", "", "/mnt"], ["b"], ["c"], ["solaris", "NR"]),
    changed,
    ["b", "c"],
    "One that is mounted is in use",
  ),
  at(
    "others are not bootable",
    "unbootable",
    list(["a", "!"], ["b", "!"], ["c"], ["solaris", "NR"]),
    inSync,
    [],
    "What is not bootable neither counts nor goes",
  ),
  at(
    "none runs, by beadm's words",
    "none-runs",
    list(["a"], ["b"], ["c"], ["solaris", "R", "/"]),
    { outcome: "refused", code: "E_BLIND", says: "0 boot environments are active now" },
    [],
    "What does not add up is not acted on",
  ),
  at(
    "a name is an option",
    "option",
    list(["-F"], ["b"], ["c"], ["solaris", "NR"]),
    changed,
    ["b", "c"],
    "A name that could mean something to a command stays",
  ),
  {
    ...at(
      "between plan and destroy, the oldest becomes active on reboot",
      "then-active",
      six,
      { outcome: "refused", code: "E_STALE", says: "a has the flags R now" },
      [],
      law,
    ),
    between: { tool: "beadm", does: `sed -i 's/;NR;/;N;/; s/^\\(a;[^;]*\\);;/\\1;R;/' ${STATE}/be` },
  },
  {
    ...at(
      "between plan and destroy, the oldest is mounted",
      "then-mounted",
      six,
      { outcome: "refused", code: "E_STALE", says: "a is mounted at /mnt now" },
      [],
      law,
    ),
    between: {
      tool: "beadm",
      does: `sed -i 's/^\\(a;[^;]*;\\);/\\1;\\/mnt;/; s/^\\(a;[^;]*;;\\/mnt;\\);/\\1/' ${STATE}/be`,
    },
  },
  {
    ...at(
      "between plan and destroy, the oldest is protected",
      "then-policy",
      six,
      { outcome: "refused", code: "E_STALE", says: "its policy protects a now: noevict" },
      [],
      law,
    ),
    between: { tool: "beadm", does: `sed -i '/^a;/s/static/noevict/' ${STATE}/be` },
  },
  {
    ...at(
      "between plan and destroy, the oldest is destroyed and made anew",
      "then-other",
      six,
      { outcome: "refused", code: "E_STALE", says: "a is another one now" },
      [],
      law,
    ),
    between: { tool: "beadm", does: `sed -i '/^a;/s/215b8387/999b8387/' ${STATE}/be` },
  },
  {
    ...at(
      "between plan and destroy, others go, and only two remain",
      "then-two",
      six,
      { outcome: "refused", code: "E_STALE", says: "1 bootable boot environments would remain, and 2 must" },
      [],
      law,
    ),
    between: { tool: "beadm", does: `sed -i '/^[bc];/d' ${STATE}/be` },
  },
  {
    ...at(
      "between plan and destroy, the one that runs is marked as not bootable",
      "then-broken",
      six,
      { outcome: "refused", code: "E_STALE", says: "solaris runs and is marked as not bootable" },
      [],
      law,
    ),
    between: { tool: "beadm", does: `sed -i 's/;NR;/;NR!;/' ${STATE}/be` },
  },
];

/** The faults of docs/reference/faults.md, and the tests whose tries of each are counted. */

export interface FaultRow {
  readonly fault: string;
  readonly ends: string;
  /** Files below test/, and which of their tests: every one whose whole name matches. */
  readonly tests: readonly (readonly [file: string, name: RegExp])[];
}

export interface FaultSection {
  readonly title: string;
  readonly rows: readonly FaultRow[];
}

const troubles = "long/real-troubles.test.ts";
const slow = "long/real-slow.test.ts";
const markers = "long/fault-markers.test.ts";
const resume = "integration/resume.test.ts";
const clock = "integration/controller-clock.test.ts";

const proved = "`changed`, “the line broke; proved by a new look”; nova-compute was restarted once";

export const sections: readonly FaultSection[] = [
  {
    title: "The controller",
    rows: [
      {
        fault: "It is killed (kill -9) after each event of a run",
        ends: "`runs resume` ends the run as it would have ended: every host `changed`, each restarted once. Before the plan was accepted nothing was done",
        tests: [[resume, /after event \d+/]],
      },
      {
        fault: "It is killed again while it takes the run up, in the second script of a host",
        ends: "The next `runs resume` ends the run; what that script said to nobody is on record, under its own steps",
        tests: [[resume, /twice, in two scripts/]],
      },
      {
        fault: "It is killed while its health check looks at a wave",
        ends: "That wave is judged before another opens",
        tests: [[resume, /while its health check/]],
      },
      {
        fault: "Two take up one run at once",
        ends: "One goes on; the other is told who, where and since when",
        tests: [[resume, /two who take it up/]],
      },
      {
        fault: "SIGINT once and twice, SIGTERM and SIGHUP, each at ten moments of a run",
        ends: "Once: running hosts finish, the rest is `skipped`, exit 5. Twice: lines are cut, each host is settled from a last look, exit 130. Every host is told",
        tests: [["integration/controller-signals.test.ts", /a signal to the controller/]],
      },
      {
        fault: "The same at a real terminal, whose window is closed, too; Ctrl-C three times",
        ends: "As above; at the third the process ends at once, and the run is known as cut short",
        tests: [["e2e/interrupt.test.ts", /./]],
      },
      {
        fault: "Its disk is full, or fills up in a run",
        ends: "No effect without a journal: exit 2 before any connection; hosts at work finish, and the run does not claim to have gone well",
        tests: [["e2e/journal.test.ts", /a disk that/]],
      },
      {
        fault: "The journal is torn at each byte of its last line",
        ends: "It is read without that line, and gone on with behind the line before",
        tests: [["integration/journal-torn.test.ts", /./]],
      },
      {
        fault: "The journal's last line is torn, and the run is taken up",
        ends: "`runs resume` ends the run as it would have ended",
        tests: [["long/torn-resume.test.ts", /./]],
      },
      {
        fault: "Its clock is put ahead or back, by ten minutes to a day, in a run",
        ends: "The run ends as without",
        tests: [[clock, /a controller whose clock is put/]],
      },
      {
        fault: "Its clock was put ahead or back before it takes up a run, or looks at one that another drives",
        ends: "Who lives is not taken for dead, nor the other way round",
        tests: [[clock, /a run (whose controller was killed|that goes on)/]],
      },
    ],
  },
  {
    title: "The line",
    rows: [
      {
        fault: "TCP reset, at each line that the script says",
        ends: proved,
        tests: [[markers, /the line is reset/]],
      },
      {
        fault: "Half open, at each line: only the node hears of the end",
        ends: `After 30 s of silence ${proved}`,
        tests: [[markers, /only the node hears/]],
      },
      {
        fault: "Half open, at each line: only the controller hears of the end",
        ends: proved,
        tests: [[markers, /only the controller hears/]],
      },
      {
        fault: "Silence, at each line: packets vanish both ways",
        ends: `After 30 s ${proved}`,
        tests: [[markers, /the line is silent/]],
      },
      {
        fault: "The sshd session is killed or stands still, at five moments",
        ends: `${proved}. Before the script was seen to begin: \`unknown\`, and it does not begin when nobody listens`,
        tests: [["long/real-cuts.test.ts", /the sshd session is killed|the line says nothing more/]],
      },
      {
        fault: "sshd is gone, or deaf, between the survey and the host's wave",
        ends: "`unreachable`, nothing was touched; the next rollout does it",
        tests: [["long/real-away.test.ts", /./]],
      },
      {
        fault: "Another controller is at work, or begins at the same moment",
        ends: "`refused` or `in-sync`; one restart",
        tests: [["long/real-cuts.test.ts", /two controllers/]],
      },
      {
        fault: "10,000 lines beside the script's own, on stdout or stderr",
        ends: "`changed`",
        tests: [[troubles, /10000-lines/]],
      },
      {
        fault: "A node that says one byte a second",
        ends: `In the survey: \`unreachable\`, E_HOST_TIMEOUT. In the change: at the end of \`--host-timeout\` ${proved}`,
        tests: [[slow, /a-byte-a-second/]],
      },
    ],
  },
  {
    title: "The node",
    rows: [
      {
        fault: "It reboots, at each line that the script says",
        ends: "nova.conf in place: `changed`, “the node rebooted; proved by a new look”. Else `failed`, and the next rollout does the rest. What was being written when it went down the next edit takes away",
        tests: [[markers, /the node reboots/]],
      },
      {
        fault: "The script itself is killed after the rename",
        ends: "`unknown`: its lock is stale; who takes that over pays the restart",
        tests: [["long/real-cuts.test.ts", /the script itself is killed/]],
      },
      {
        fault:
          "No room (ENOSPC) for the new nova.conf, its backup, its note or the lock, and /system/volatile that fills up after the rename",
        ends: "`failed`; nova.conf is the old one, or, where nothing can be looked at any more, the new one with a note of the restart it owes, which the next rollout pays",
        tests: [
          [troubles, /disk-full|volatile-full/],
          [slow, /volatile-fills/],
        ],
      },
      {
        fault: "The quota is exceeded (EDQUOT) by the new nova.conf",
        ends: "`failed`, “Disk quota exceeded”; nova.conf is the old one",
        tests: [[troubles, /quota-exceeded/]],
      },
      {
        fault: "/etc/nova or /system/volatile is read-only",
        ends: "`failed`, nothing was done; after the rename `changed`",
        tests: [[troubles, /read-only/]],
      },
      {
        fault: "nova.conf is immutable, or mounted over itself",
        ends: "`failed`, restored: the rename was refused",
        tests: [[troubles, /immutable|busy-mount/]],
      },
      {
        fault: "nova.conf is changed by another hand between plan and rename",
        ends: "`refused`, E_STALE",
        tests: [[troubles, /stale/]],
      },
      {
        fault: "nova.conf is, or becomes, a link or a directory",
        ends: "`refused`, E_CONF_LINK or E_STALE",
        tests: [[troubles, / (link|directory)/]],
      },
      {
        fault: "User nova vanishes, or loses its shell",
        ends: "`failed` before nova.conf is touched; after the rename `changed`",
        tests: [[troubles, /no-user|no-shell/]],
      },
      {
        fault: "svcadm hangs for ever",
        ends: "`failed`, E_STEP_TIMEOUT, restored",
        tests: [[slow, /svcadm-hangs/]],
      },
      {
        fault: "nova-compute fails to start, flaps, or never finishes its start, with the new nova.conf",
        ends: "`failed`, and restored; a start that never ends is `unknown`",
        tests: [
          ["integration/real-faults.test.ts", /nova-compute (ends in maintenance|starts and dies)/],
          ["long/real-stuck.test.ts", /./],
        ],
      },
      {
        fault: "nova-compute takes ten minutes to stop",
        ends: "`changed`",
        tests: [[slow, /slow-stop/]],
      },
      {
        fault:
          "Its clock is put on or back, by ten minutes to a day, before and after the rename, and after the restart",
        ends: "`changed`; the next rollout finds it in sync",
        tests: [[troubles, /a-day|ten-minutes/]],
      },
      {
        fault:
          "It says random bytes, never stops talking, never answers, strews escape codes, shows another host key, and what else the [lab's table](../explanation/lab.md#faults) has",
        ends: "What that table says",
        tests: [["integration/real-faults.test.ts", /^(?!.*nova-compute (ends in maintenance|starts and dies)).*$/]],
      },
    ],
  },
];

/**
 * What can be wrong with a simulated node, and what the contract demands of a rollout that meets it.
 * The demo's `--faults`, the tests and docs/explanation/lab.md read this one table.
 */
import type { FailureCode, Outcome } from "../domain/outcome.ts";
import { err, ok, type Result } from "../domain/result.ts";

export interface Fault {
  readonly name: string;
  /** One line for `--faults help` and the documentation. */
  readonly does: string;
  /** How a rollout of the node must end. */
  readonly outcome: Outcome;
  /** One of these codes is in the failure or the refusals; empty: the outcome carries none. */
  readonly codes: readonly FailureCode[];
  /** Exit status of a rollout in which this is the only trouble, and the gate stays open. */
  readonly exit: number;
}

/** Every fault, in the order they are listed to a person. */
export const faults = [
  { name: "unreachable", does: "its port refuses connections", outcome: "unreachable", codes: ["E_CONNECT"], exit: 4 },
  {
    name: "silent-banner",
    does: "takes the connection and never says a word",
    outcome: "unreachable",
    codes: ["E_TIMEOUT", "E_HANDSHAKE"],
    exit: 4,
  },
  {
    name: "hostkey",
    does: "shows another host key than known_hosts has",
    outcome: "unreachable",
    codes: ["E_HOSTKEY"],
    exit: 4,
  },
  { name: "auth", does: "does not accept the key", outcome: "unreachable", codes: ["E_AUTH"], exit: 4 },
  {
    name: "hang",
    does: "takes the script and never answers",
    outcome: "unreachable",
    codes: ["E_TIMEOUT", "E_LOST", "E_HOST_TIMEOUT"],
    exit: 4,
  },
  {
    name: "cut",
    does: "cuts the connection in the middle of every answer",
    outcome: "unreachable",
    codes: ["E_LOST"],
    exit: 4,
  },
  { name: "garbage", does: "answers random bytes", outcome: "unreachable", codes: ["E_GARBAGE", "E_SHELL"], exit: 4 },
  {
    name: "flood",
    does: "answers megabytes without an end",
    outcome: "unreachable",
    codes: ["E_FLOOD", "E_GARBAGE"],
    exit: 4,
  },
  { name: "escapes", does: "strews terminal escape codes over its answers", outcome: "changed", codes: [], exit: 0 },
  {
    name: "drop",
    does: "cuts the connection at the first step of a change, the script goes on",
    outcome: "changed",
    codes: [],
    exit: 0,
  },
  { name: "no-become", does: "sudo leaves the login user's uid", outcome: "refused", codes: ["E_BECOME"], exit: 6 },
  {
    name: "solaris-11.2",
    does: "runs Solaris 11.2, which has no periodic services",
    outcome: "refused",
    codes: ["E_UNSUPPORTED"],
    exit: 6,
  },
  {
    name: "solaris-11.4",
    does: "runs Solaris 11.4, which has no OpenStack",
    outcome: "refused",
    codes: ["E_UNSUPPORTED", "E_NO_NOVA"],
    exit: 6,
  },
  { name: "illumos", does: "runs OmniOS", outcome: "refused", codes: ["E_UNSUPPORTED"], exit: 6 },
  { name: "linux", does: "runs Linux", outcome: "refused", codes: ["E_UNSUPPORTED"], exit: 6 },
  { name: "zone", does: "is a non-global zone", outcome: "refused", codes: ["E_NOT_GLOBAL"], exit: 6 },
  { name: "no-nova", does: "has no Nova installed", outcome: "refused", codes: ["E_NO_NOVA"], exit: 6 },
  { name: "busy", does: "is downloading an image", outcome: "refused", codes: ["E_BUSY"], exit: 6 },
  { name: "installing", does: "is installing a zone", outcome: "refused", codes: ["E_BUSY"], exit: 6 },
  {
    name: "pending-boot",
    does: "will boot another boot environment",
    outcome: "refused",
    codes: ["E_PENDING_BOOT"],
    exit: 6,
  },
  {
    name: "bad-conf",
    does: "has a nova.conf that oslo.config refuses",
    outcome: "refused",
    codes: ["E_CONF_PARSE"],
    exit: 6,
  },
  {
    name: "quota-below-use",
    does: "has more images than the quota allows",
    outcome: "refused",
    codes: ["E_QUOTA_BELOW_USE"],
    exit: 6,
  },
  {
    name: "maintenance",
    does: "has nova-compute in maintenance",
    outcome: "refused",
    codes: ["E_SERVICE_STATE"],
    exit: 6,
  },
  {
    name: "transition",
    does: "has nova-compute starting for ever",
    outcome: "refused",
    codes: ["E_SERVICE_STATE"],
    exit: 6,
  },
  { name: "disabled", does: "has nova-compute disabled by the operator", outcome: "changed", codes: [], exit: 0 },
  {
    name: "not-writable",
    does: "lets user nova create no file",
    outcome: "failed",
    codes: ["E_NOT_WRITABLE"],
    exit: 1,
  },
  {
    name: "restart-fails",
    does: "nova-compute ends in maintenance with a new nova.conf",
    outcome: "failed",
    codes: ["E_RESTART"],
    exit: 1,
  },
  {
    name: "flapping",
    does: "nova-compute starts and dies with a new nova.conf",
    outcome: "failed",
    codes: ["E_FLAPPING", "E_RESTART"],
    exit: 1,
  },
  {
    name: "stuck",
    does: "nova-compute never finishes its start with a new nova.conf",
    outcome: "unknown",
    codes: ["E_IN_TRANSITION"],
    exit: 1,
  },
] as const satisfies readonly Fault[];

export type FaultName = (typeof faults)[number]["name"];

/** A fault and how many nodes have it. */
export interface FaultCount {
  readonly name: FaultName;
  readonly count: number;
}

/** More nodes than any machine simulates; a larger count is a mistake. */
const FAULT_COUNT_MAX = 1000;

const isFaultName = (name: string): name is FaultName => faults.some((fault) => fault.name === name);

/**
 * Reads `unreachable,restart-fails:3`. An unknown name or a bad count is an `E_USAGE` complaint that lists every name.
 */
export const parseFaults = (list: string): Result<readonly FaultCount[]> => {
  const found: FaultCount[] = [];
  for (const word of list.split(",")) {
    const entry = word.trim();
    if (entry === "") continue;
    const [name = "", times = "1", ...more] = entry.split(":");
    const count = /^[1-9][0-9]{0,3}$/.test(times) ? Number(times) : 0;
    if (!isFaultName(name) || count === 0 || count > FAULT_COUNT_MAX || more.length > 0) {
      const what = isFaultName(name)
        ? `fault ${entry}: the count is a number from 1 to ${FAULT_COUNT_MAX}`
        : `no fault is called ${name}`;
      const names = faults.map((fault) => fault.name).join(", ");
      return err({
        code: "E_USAGE",
        what,
        where: "--faults",
        try: `one of: ${names}; NAME:COUNT for more than one node`,
      });
    }
    found.push({ name, count });
  }
  return ok(found);
};

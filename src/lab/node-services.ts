/** The services of a simulated node, as src/lab/sim/smf.sh keeps them. */
import type { NodeSpec } from "./node-spec.ts";

interface Instance {
  readonly name: string;
  readonly enabled: boolean;
  /** STATE NEXT CONTRACT AUX since shortly after the boot. */
  readonly state: string;
  readonly startTimeoutS: number;
  readonly stopTimeoutS: number;
  readonly user?: string;
}

const online = (contract: number): string => `online none ${contract} dependencies_satisfied`;

/** nova-compute as the node's fault has it; the others are as on any node. */
const computeState = (spec: NodeSpec): string => {
  switch (spec.fault) {
    case "disabled":
      return "disabled none - disabled_by_request";
    case "maintenance":
    case "bad-conf":
      return "maintenance none - method_failed";
    case "transition":
      return "offline online - dependencies_satisfied";
    default:
      return online(97);
  }
};

const instances = (spec: NodeSpec): readonly Instance[] => {
  const plain = (name: string, contract: number): Instance => ({
    name,
    enabled: true,
    state: online(contract),
    startTimeoutS: 60,
    stopTimeoutS: 60,
  });
  const list = [
    plain("milestone/multi-user:default", 41),
    plain("system/manifest-import:default", 35),
    plain("network/ssh:default", 62),
  ];
  const old = spec.release === "havana" || spec.fault === "solaris-11.2" || spec.fault === "illumos";
  if (!old) list.push(plain("system/svc/periodic-restarter:default", 44));
  if (spec.fault === "no-nova" || spec.fault === "solaris-11.4" || spec.fault === "illumos") return list;
  list.push({
    name: "application/openstack/nova/nova-compute:default",
    enabled: spec.fault !== "disabled",
    state: computeState(spec),
    startTimeoutS: 120,
    stopTimeoutS: 60,
    user: "nova",
  });
  return list;
};

const properties = (instance: Instance): string => {
  const method = instance.name.replace(/:.*/, "").replace(/.*\//, "");
  const user = instance.user ?? "root";
  return [
    `general/enabled boolean ${instance.enabled}`,
    "general/entity_stability astring Unstable",
    `start/exec astring /lib/svc/method/${method}\\ start`,
    `start/group astring ${user}`,
    `start/timeout_seconds count ${instance.startTimeoutS}`,
    "start/type astring method",
    `start/user astring ${user}`,
    "stop/exec astring :kill",
    `stop/timeout_seconds count ${instance.stopTimeoutS}`,
    "stop/type astring method",
    "",
  ].join("\n");
};

/** Files below the node's state directory, by name; `bootedAt` in epoch seconds. */
export const serviceFiles = (spec: NodeSpec, bootedAt: number): Readonly<Record<string, string>> => {
  const BOOT_TAKES_S = 42;
  const files: Record<string, string> = {};
  const names = instances(spec).map((instance, index) => {
    const text = properties(instance);
    files[`smf/b${index}/current`] = text;
    files[`smf/b${index}/running`] = text;
    files[`smf/b${index}/timeline`] = `${(bootedAt + BOOT_TAKES_S + index) * 1000 + 417} ${instance.state}\n`;
    return `${instance.name} b${index}\n`;
  });
  files["smf/names"] = names.join("");
  return files;
};

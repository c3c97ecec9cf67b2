/** Ansible as its users would set it up for speed: pipelining, 32 forks, no facts, its usual SSH master for each host. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Command } from "./meter.ts";
import { CACHE, DATASET, MOUNTPOINT, type Nodes, writeAnsibleInventory } from "./nodes.ts";
import { AT_ONCE } from "./novasweep.ts";

const config = (sshConfig: string, dir: string): string =>
  [
    "[defaults]",
    `forks = ${AT_ONCE}`,
    "gathering = explicit",
    "interpreter_python = /usr/bin/python3",
    "retry_files_enabled = False",
    "[ssh_connection]",
    "pipelining = True",
    `ssh_args = -F ${sshConfig} -o ControlMaster=auto -o ControlPersist=60s`,
    `control_path_dir = ${join(dir, "cp")}`,
    "",
  ].join("\n");

/** Runs a playbook of this folder; `variables` besides those of the inventory. */
const playbook = (nodes: Nodes, name: string, variables: Readonly<Record<string, string>>): Command => {
  const { dir, sshConfig } = nodes.files;
  const path = join(dir, "ansible.cfg");
  writeFileSync(path, config(sshConfig, dir));
  const file = fileURLToPath(new URL(name, import.meta.url));
  return {
    words: ["ansible-playbook", "-i", writeAnsibleInventory(nodes), "-e", JSON.stringify(variables), file],
    env: { ANSIBLE_CONFIG: path },
  };
};

export const ansibleSurvey = (nodes: Nodes): Command => playbook(nodes, "survey.yml", { probe: nodes.files.probe });

export const ansibleRollout = (nodes: Nodes): Command =>
  playbook(nodes, "rollout.yml", {
    dataset: DATASET,
    mountpoint: MOUNTPOINT,
    cache: CACHE,
    method: nodes.files.method,
    manifest: nodes.files.manifest,
  });

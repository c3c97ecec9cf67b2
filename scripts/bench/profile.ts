/** Where the controller's CPU of one survey goes, by V8's sampling profiler: who is at work, not who called. */
import { copyFileSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Meter } from "./meter.ts";
import type { Nodes } from "./nodes.ts";
import { survey } from "./novasweep.ts";

interface CallFrame {
  readonly functionName: string;
  readonly url: string;
}

interface CpuProfile {
  readonly nodes: readonly { readonly id: number; readonly callFrame: CallFrame }[];
  readonly samples: readonly number[];
  /** Microseconds, one a sample. */
  readonly timeDeltas: readonly number[];
}

export interface Share {
  readonly who: string;
  readonly ms: number;
}

/** `node_modules/ssh2`, `dist/engine`, `node:crypto`, `(garbage collector)`. */
const owner = ({ functionName, url }: CallFrame): string => {
  const [, found] = /(node_modules\/[^/]+|dist\/(?:[^/]+(?=\/))?)/.exec(url) ?? [];
  if (found !== undefined) return found;
  // Node's own: the module, without what lies inside it.
  if (url.startsWith("node:")) return url.replace(/^node:(internal\/)?([^/]+).*/, "node:$2");
  return url === "" ? functionName : url;
};

const shares = ({ nodes, samples, timeDeltas }: CpuProfile): readonly Share[] => {
  const ownerOf = new Map(nodes.map(({ id, callFrame }) => [id, owner(callFrame)]));
  const spent = new Map<string, number>();
  samples.forEach((id, at) => {
    const who = ownerOf.get(id) ?? "?";
    spent.set(who, (spent.get(who) ?? 0) + (timeDeltas[at] ?? 0) / 1000);
  });
  spent.delete("(idle)");
  return [...spent].map(([who, ms]) => ({ who, ms })).sort((a, b) => b.ms - a.ms);
};

/** One survey more, under the profiler. `keep`: a folder for the .cpuprofile, to be opened in a browser's tools. */
export const profileSurvey = (meter: Meter, nodes: Nodes, hosts: number, keep?: string): readonly Share[] => {
  const { fleet, files } = nodes;
  const dir = join(files.dir, "profile");
  meter.run(survey(fleet, files.dir, "all", ["--cpu-prof", `--cpu-prof-dir=${dir}`]), hosts);
  const name = readdirSync(dir)[0] ?? "";
  if (keep !== undefined) {
    copyFileSync(join(dir, name), join(keep, name));
    console.log(`profile: ${join(keep, name)}`);
  }
  return shares(JSON.parse(readFileSync(join(dir, name), "utf8")));
};

/** `novasweep export puppet`: a Puppet class with the settings of the selected hosts. Contacts nobody. */
import type { Complaint, Result } from "../../domain/result.ts";
import type { Settings } from "../../domain/settings.ts";
import { agreedSettings, settingsAlone } from "../../inventory/agreed-settings.ts";
import { readFile } from "../../inventory/files.ts";
import { puppetClass } from "../../remote/puppet/puppet-class.ts";
import { complain, type Io } from "../io.ts";
import type { ExportPuppetRequest } from "../request.ts";
import { hasInventory, selectFor, settingsFilesOf } from "../select.ts";
import { version } from "../version.ts";

/** Prints the class; the exit status: 0, or 2 for bad input and for settings that one class cannot hold. */
export const exportPuppetCommand = async (request: ExportPuppetRequest, io: Io): Promise<number> => {
  const settings = await settingsFor(request, io);
  if (!settings.ok) return complain(io, settings.error);
  const made = puppetClass({ settings: settings.value, version: version() });
  if (!made.ok) return complain(io, made.error);
  io.stdout.write(made.value);
  return 0;
};

/** Those of the selected hosts; without an inventory, and nothing said of hosts, those of the settings files and `--set`. */
const settingsFor = async (request: ExportPuppetRequest, io: Io): Promise<Result<Settings, readonly Complaint[]>> => {
  const ofAll = request.limits.length === 0 && request.patterns.every((pattern) => pattern === "all");
  if (ofAll && !hasInventory(request, io)) {
    const set = request.sets.map(({ key, value }) => `${key}=${value}`);
    return settingsAlone({ settingsFiles: settingsFilesOf(io), set, readFile });
  }
  const selected = await selectFor(request, io);
  return selected.ok ? agreedSettings(selected.value.hosts) : selected;
};

/** The Puppet class's part that edits nova.conf and restarts nova-compute. */
import type { AbsPath } from "../../domain/ids.ts";
import type { Settings } from "../../domain/settings.ts";
import type { Block } from "./cleaner.ts";
import { bare, type Expression, listOf, literal, type Resource, referenceTo } from "./text.ts";

/**
 * Ends with 0 when the file is there and no section's line stands twice in it. inifile keeps one section of each name
 * and writes it in place of every other: lines are lost. Without a file it would make one with a single line.
 * @see puppetlabs-inifile, lib/puppet/util/ini_file.rb: `@sections_hash[section.name] = section`
 */
const SECTIONS_ONCE =
  '/^[ \\t]*\\[.*\\][ \\t\\r]*$/ { sub(/^[ \\t]*/, ""); sub(/[ \\t\\r]*$/, ""); if ($0 in seen) exit 1; seen[$0] = 1 }';

/** Sets `glancecache_dirname` and restarts nova-compute when that changed it; `after` is what has to be there before. */
export const confBlock = (settings: Settings, cacheDir: AbsPath, after: readonly Expression[]): Block => {
  const fit: Resource = {
    type: "exec",
    title: literal("novasweep: nova.conf is there and has no section twice"),
    attributes: {
      command: literal("/usr/bin/false"),
      unless: literal(`/usr/bin/nawk '${SECTIONS_ONCE}' ${settings.novaConf}`),
      require: listOf(after),
    },
  };
  const restart: Resource = {
    type: "exec",
    title: literal("novasweep: restart nova-compute"),
    attributes: {
      command: literal(`/usr/sbin/svcadm restart ${settings.novaService}`),
      refreshonly: bare("true"),
    },
  };
  const setting: Resource = {
    type: "ini_setting",
    title: literal("novasweep: glancecache_dirname"),
    attributes: {
      ensure: bare("present"),
      path: literal(settings.novaConf),
      section: literal(settings.novaSection),
      setting: literal("glancecache_dirname"),
      value: literal(cacheDir),
      require: referenceTo(fit),
      notify: referenceTo(restart),
    },
  };
  return {
    says: [
      "nova.conf. ini_setting loses lines where a section stands twice, so such a file fails the first of these. The",
      "restart is svcadm's, which leaves a nova-compute that is disabled as it is; a service resource would start it.",
    ],
    resources: [fit, setting, restart],
  };
};

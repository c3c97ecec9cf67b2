/**
 * Texts of a simulated node: a nova.conf in each release's style and the lines of driver.py the probe looks for.
 * Own wording; what they must have in common with the real files is in docs/explanation/lab.md.
 */

export type Release = "havana" | "juno" | "kilo" | "mitaka";

interface Option {
  readonly key: string;
  readonly default: string;
  readonly help: string;
  /** Set on every node, as the shipped file has it. */
  readonly active?: string;
}

const option = (key: string, value: string, help: string, active?: string): Option => ({
  key,
  default: value,
  help,
  ...(active === undefined ? {} : { active }),
});

const general: readonly Option[] = [
  option("my_ip", "127.0.0.1", "Address of this host on the management network."),
  option("host", "localhost", "Name under which this node is known to the others."),
  option("state_path", "$pybasedir", "Where the services keep what must survive a restart.", "/var/lib/nova"),
  option("bindir", "/usr/local/bin", "Where the programs are installed.", "/usr/bin"),
  option("tempdir", "<None>", "Directory for temporary files."),
  option("use_ipv6", "false", "Give instances IPv6 addresses."),
  option("instances_path", "$state_path/instances", "Where instances are kept on this node."),
  option("instance_name_template", "instance-%08x", "How an instance is called by the hypervisor."),
  option("compute_driver", "<None>", "The virtualization driver to load.", "solariszones.SolarisZonesDriver"),
  option("reserved_host_memory_mb", "512", "Memory kept back for the host itself, in MiB."),
  option("reserved_host_disk_mb", "0", "Disk kept back for the host itself, in MiB."),
  option("resume_guests_state_on_host_boot", "false", "Start again what ran before the host went down."),
  option("running_deleted_instance_action", "reap", "What to do with an instance that should not be there."),
  option("heal_instance_info_cache_interval", "60", "Seconds between two repairs of the network cache."),
  option("cpu_allocation_ratio", "16.0", "Virtual CPUs offered for each real one."),
  option("ram_allocation_ratio", "1.5", "Virtual memory offered for each byte of real memory."),
  option("enabled_apis", "ec2,osapi_compute,metadata", "Interfaces to serve.", "osapi_compute,metadata"),
  option("osapi_compute_listen", "0.0.0.0", "Address the compute interface listens on."),
  option("osapi_compute_workers", "<None>", "Processes that serve the compute interface."),
  option(
    "network_api_class",
    "nova.network.api.API",
    "Which network service to use.",
    "nova.network.neutronv2.api.API",
  ),
  option("firewall_driver", "<None>", "Who filters the packets of instances.", "nova.virt.firewall.NoopFirewallDriver"),
  option("novncproxy_base_url", "http://127.0.0.1:6080/vnc_auto.html", "Where a browser finds the console proxy."),
  option("vnc_enabled", "true", "Offer consoles over VNC."),
  option("rabbit_host", "localhost", "Host of the message broker."),
  option("rabbit_port", "5672", "Port of the message broker."),
  option("rabbit_userid", "guest", "User at the message broker."),
  option("rabbit_password", "guest", "Password at the message broker."),
  option("rpc_response_timeout", "60", "Seconds to wait for the answer to a call."),
  option("debug", "false", "Log everything."),
  option("log_dir", "<None>", "Where log files go when they do not go to stderr."),
];

const sections: Readonly<Record<string, readonly Option[]>> = {
  conductor: [
    option("use_local", "false", "Talk to the database directly."),
    option("topic", "conductor", "Queue the conductor listens on."),
  ],
  database: [
    option("connection", "<None>", "Where the database is.", "mysql://nova:secret-of-the-lab@controller/nova"),
    option("idle_timeout", "3600", "Seconds after which an idle connection is closed."),
    option("max_pool_size", "<None>", "Most connections to keep open."),
  ],
  glance: [
    option("host", "$my_ip", "Host of the image service."),
    option("port", "9292", "Port of the image service."),
    option("num_retries", "0", "Times a download is tried again."),
  ],
  keystone_authtoken: [
    option("auth_uri", "<None>", "Public address of the identity service.", "http://controller:5000/v2.0/"),
    option("admin_user", "<None>", "User of this service.", "nova"),
    option("admin_password", "<None>", "Its password.", "secret-of-the-lab"),
    option("signing_dir", "<None>", "Where certificates are kept.", "$state_path/keystone-signing"),
  ],
  neutron: [
    option("url", "http://127.0.0.1:9696", "Address of the network service."),
    option("url_timeout", "30", "Seconds to wait for it."),
  ],
};

const driverOptions = (release: Release): readonly Option[] => [
  option(
    "glancecache_dirname",
    release === "havana" || release === "juno" ? "$state_path/images" : "/var/share/nova/images",
    "Where downloaded images are kept for zones.",
  ),
  option("solariszones_snapshots_directory", "$instances_path/snapshots", "Where snapshots are staged."),
  option("zones_suspend_path", "/var/share/zones/SYSsuspend", "Where suspended zones are written."),
];

/** The section whose glancecache_dirname the release's driver reads (fact sheet 1.2). */
export const sectionOf = (release: Release): string => (release === "mitaka" ? "solariszones" : "DEFAULT");

/**
 * A nova.conf of about 200 lines: `#key=default` and `key=value` up to Kilo, `key = value` in Mitaka, which also has
 * the section `[solariszones]`. `cacheDir` sets glancecache_dirname, on the line after its commented default.
 */
export const novaConf = (release: Release, cacheDir?: string): string => {
  const equals = release === "mitaka" ? " = " : "=";
  const set = (key: string, value: string): string => `${key}${equals}${value}`;
  const write = (one: Option): string => {
    const own = one.key === "glancecache_dirname" ? cacheDir : one.active;
    return `\n# ${one.help}\n#${set(one.key, one.default)}\n${own === undefined ? "" : `${set(one.key, own)}\n`}`;
  };
  const block = (name: string, list: readonly Option[]): string =>
    `[${name}]\n\n#\n# Options of ${name === "DEFAULT" ? "every service" : name}\n#\n${list.map(write).join("")}\n`;
  const inDefault = sectionOf(release) === "DEFAULT" ? driverOptions(release) : [];
  const driver = inDefault.length > 0 ? "" : `\n${block("solariszones", driverOptions(release))}`;
  const rest = Object.entries(sections).map(([name, list]) => `\n${block(name, list)}`);
  return block("DEFAULT", [...general, ...inDefault]) + rest.join("") + driver;
};

/** driver.py as far as a probe looks into it: the option, its default, the section it is read from (sheet 1.1, 1.2, 1.4). */
export const driverText = (release: Release): string => {
  const old = release === "havana" || release === "juno";
  const read = release === "mitaka" ? "CONF.solariszones.glancecache_dirname" : "CONF.glancecache_dirname";
  const register =
    release === "mitaka"
      ? "CONF.register_opts(solariszones_opts, 'solariszones')"
      : "CONF.register_opts(solariszones_opts)";
  const fetch =
    release === "mitaka"
      ? ["        downloading = image + '.downloading'", "        os.rename(downloading, image)"]
      : ["        images.fetch(context, instance['image_ref'], image)"];
  return [
    '"""Driver for zones: what a simulated node has of it."""',
    "solariszones_opts = [",
    "    cfg.StrOpt('glancecache_dirname',",
    `               default='${old ? "$state_path/images" : "/var/share/nova/images"}',`,
    "               help='Where downloaded images are kept for zones.'),",
    "]",
    "CONF = cfg.CONF",
    register,
    "",
    "class SolarisZonesDriver(driver.ComputeDriver):",
    "    def _fetch_image(self, context, instance):",
    `        fileutils.ensure_tree(${read})`,
    `        image = os.path.join(${read}, instance['image_ref'])`,
    ...fetch,
    "        return image",
    "",
  ].join("\n");
};

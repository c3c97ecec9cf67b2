# Puppet in one process, because it takes seconds to load: `drive.rb compile|apply SCRATCH MODULES FILE...`.
#
# compile: a catalog from each file. Every reference has to lead somewhere, every attribute has to be known to its type.
# apply: each file in turn, with Puppet's own providers. With LAB_SIM the machine calls itself Solaris 11.3, and the smf
# provider calls the simulators in place of /usr/sbin/svcadm and its like.
# Prints a JSON line a file.
require 'json'
require 'puppet'

verb, scratch, modules, *files = ARGV
sim = ENV.fetch('LAB_SIM', nil)

# What providers ask of a machine; the real Facter asks the network too, and takes 20 s over it.
class Solaris < Puppet::FacterImpl
  FACTS = {
    'osfamily' => 'Solaris', 'os.family' => 'Solaris', 'operatingsystem' => 'Solaris', 'os.name' => 'Solaris',
    'operatingsystemrelease' => '11.3', 'os.release.full' => '11.3', 'kernel' => 'SunOS', 'kernelrelease' => '5.11'
  }.freeze

  def value(name)
    FACTS[name.to_s]
  end
end

%w[conf var code].each { |name| Dir.mkdir("#{scratch}/#{name}") unless Dir.exist?("#{scratch}/#{name}") }
Puppet.initialize_settings(['--confdir', "#{scratch}/conf", '--vardir', "#{scratch}/var", '--codedir', "#{scratch}/code"])
Puppet::Util::Log.level = :warning
Puppet::Util::Log.newdestination(:console) if verb == 'compile'
if sim
  Puppet.runtime[:facter] = Solaris.new
  smf = Puppet::Type.type(:service).provider(:smf)
  smf.define_singleton_method(:suitable?) { |*| true }
  { adm: 'svcadm', svcs: 'svcs', svccfg: 'svccfg' }.each do |name, tool|
    smf.define_method(name) do |*args|
      Puppet::Util::Execution.execute(["#{sim}/#{tool}", *args.flatten.map(&:to_s)], failonfail: true, combine: true)
    end
  end
  # general/complete: every imported service has it, but the simulators keep none.
  smf.define_method(:complete_service?) { true }
end

def catalog_of(file, modules)
  environment = Puppet::Node::Environment.create(:novasweep, modules.split(':')).override_with(manifest: file)
  Puppet.override(current_environment: environment, environments: Puppet::Environments::Static.new(environment)) do
    catalog = Puppet::Parser::Compiler.compile(Puppet::Node.new('cn01', environment: environment)).to_ral
    catalog.finalize
    cycles = catalog.relationship_graph.find_cycles_in_graph
    raise "cycle: #{cycles}" unless cycles.empty?

    yield catalog
  end
end

def described(catalog)
  {
    order: catalog.relationship_graph.vertices.map(&:ref).reject { |ref| ref.start_with?('Whit[', 'Schedule[') },
    resources: catalog.resources.to_h { |one| [one.ref, one.to_hash.transform_values(&:to_s)] }
  }
end

def outcome(catalog)
  statuses = catalog.apply.report.resource_statuses
  events = ->(status) { status.events.map { |event| "#{status.resource}: #{event.message}" } }
  {
    changed: statuses.values.select { |status| status.changed && !status.failed }.map(&:resource),
    failed: statuses.values.select(&:failed).flat_map(&events),
    skipped: statuses.values.select { |status| status.skipped && !status.resource.start_with?('Schedule[') }.map(&:resource)
  }
end

files.each do |file|
  catalog_of(file, modules) do |catalog|
    puts JSON.generate({ file: file }.merge(verb == 'apply' ? outcome(catalog) : described(catalog)))
  end
rescue StandardError => e
  puts JSON.generate(file: file, error: e.message)
end

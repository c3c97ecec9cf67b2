# As the real provider does it: create without -p, one set a property, text of zfs get against text of the manifest.
Puppet::Type.type(:zfs).provide(:zfs) do
  desc 'zfs of the simulated node in LAB_SIM.'
  commands zfs: "#{ENV['LAB_SIM'] || '/usr/sbin'}/zfs"

  def create
    given = resource.class.validproperties.reject { |name| name == :ensure || resource[name].nil? }
    zfs(:create, *given.flat_map { |name| ['-o', "#{name}=#{resource[name]}"] }, resource[:name])
  end

  def exists?
    zfs(:list, resource[:name])
    true
  rescue Puppet::ExecutionFailure
    false
  end

  %i[mountpoint canmount quota].each do |name|
    define_method(name) { zfs(:get, '-H', '-o', 'value', name, resource[:name]).strip }
    define_method("#{name}=") { |wanted| zfs(:set, "#{name}=#{wanted}", resource[:name]) }
  end
end

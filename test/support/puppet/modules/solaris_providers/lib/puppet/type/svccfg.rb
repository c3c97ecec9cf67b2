# The type svccfg of Oracle's Puppet 3.6.2: the value is a parameter, looked at when existence is.
Puppet::Type.newtype(:svccfg) do
  desc 'A property of an SMF service, for the tests of novasweep.'
  ensurable do
    newvalue(:present) { provider.create }
    newvalue(:absent) { provider.destroy }
  end
  newparam(:name, namevar: true) { desc 'Means nothing outside Puppet.' }
  newparam(:fmri) { desc 'The service or instance.' }
  newparam(:property) { desc 'PG/NAME.' }
  newparam(:type) { newvalues('count', 'integer', 'astring', 'ustring', 'boolean', 'fmri', 'time') }
  newparam(:value) do
    desc 'Text, also of a number: that is what svcprop prints.'
    validate { |value| raise ArgumentError, 'the value has to be text' unless value.is_a?(String) }
  end
  validate do
    %i[fmri property type value].each { |name| raise Puppet::Error, "#{name} is required" if self[name].nil? }
    raise Puppet::Error, 'not a count' if self[:type].to_s == 'count' && self[:value] !~ /\A\d+\z/
  end
end

# The type pkg_publisher of Oracle's Puppet, as far as a class may use it.
Puppet::Type.newtype(:pkg_publisher) do
  desc 'An IPS publisher, for the tests of novasweep.'
  ensurable
  newparam(:name, namevar: true) { desc 'The publisher.' }
  newproperty(:origin, array_matching: :all) { desc 'Its repositories.' }
end

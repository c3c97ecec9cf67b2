# The type zfs, as strict as the real one: it knows these properties and no other (fact sheet, section 8). It compares
# with what zfs prints, as text, and creates without -p.
Puppet::Type.newtype(:zfs) do
  desc 'A ZFS dataset, for the tests of novasweep.'
  ensurable
  newparam(:name, namevar: true) { desc 'Its full name.' }
  %i[aclinherit aclmode atime canmount checksum compression copies dedup devices exec logbias mountpoint nbmand
     primarycache quota readonly recordsize refquota refreservation reservation secondarycache setuid sharenfs sharesmb
     snapdir version volsize vscan xattr zoned].each do |name|
    newproperty(name) { desc 'As zfs has it.' }
  end
end

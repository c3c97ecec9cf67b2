# Made by novasweep 0.0.0: what its rollout makes true of a node, for sites that run Puppet.
# It does not look before it acts, as a rollout does: read docs/how-to/puppet.md, and try --noop first.
class novasweep($rootpool = 'rpool') {

  # The datasets above: zfs of Puppet makes no parents. One that another class declares before is left to it.
  if ! defined(Zfs["${rootpool}/VARSHARE"]) {
    zfs { "${rootpool}/VARSHARE":
      ensure => present,
    }
  }
  if ! defined(Zfs["${rootpool}/VARSHARE/nova"]) {
    zfs { "${rootpool}/VARSHARE/nova":
      ensure  => present,
      require => Zfs["${rootpool}/VARSHARE"],
    }
  }

  # The dataset with its quota: 15G is how zfs prints 16106127360 bytes, and Puppet compares text.
  zfs { "${rootpool}/VARSHARE/nova/images":
    ensure     => present,
    mountpoint => '/var/share/nova/images',
    canmount   => 'on',
    quota      => '15G',
    require    => Zfs["${rootpool}/VARSHARE/nova"],
  }

  # Snapshots would hold the space of evicted images.
  exec { 'novasweep: no automatic snapshots':
    command => "/usr/sbin/zfs set com.sun:auto-snapshot=false ${rootpool}/VARSHARE/nova/images",
    unless  => "/usr/sbin/zfs get -H -o value com.sun:auto-snapshot ${rootpool}/VARSHARE/nova/images | /usr/bin/grep false",
    require => Zfs["${rootpool}/VARSHARE/nova/images"],
  }

  file { '/var/share/nova/images':
    ensure  => directory,
    owner   => 'nova',
    group   => 'nova',
    mode    => '0755',
    require => Zfs["${rootpool}/VARSHARE/nova/images"],
  }

  # The cleaner goes: the service first, then its package.
  service { 'svc:/site/nova-cache-cleanup:default':
    ensure => stopped,
    enable => false,
  }

  package { 'pkg://site/nova-cache-cleanup':
    ensure  => absent,
    require => Service['svc:/site/nova-cache-cleanup:default'],
  }

  # nova.conf. ini_setting loses lines where a section stands twice, so such a file fails the first of these. The
  # restart is svcadm's, which leaves a nova-compute that is disabled as it is; a service resource would start it.
  exec { 'novasweep: nova.conf is there and has no section twice':
    command => '/usr/bin/false',
    unless  => "/usr/bin/nawk '/^[ \\t]*\\[.*\\][ \\t\\r]*\$/ { sub(/^[ \\t]*/, \"\"); sub(/[ \\t\\r]*\$/, \"\"); if (\$0 in seen) exit 1; seen[\$0] = 1 }' /etc/nova/nova.conf",
    require => [File['/var/share/nova/images'], Package['pkg://site/nova-cache-cleanup']],
  }

  ini_setting { 'novasweep: glancecache_dirname':
    ensure  => present,
    path    => '/etc/nova/nova.conf',
    section => 'solariszones',
    setting => 'glancecache_dirname',
    value   => '/var/share/nova/images',
    require => Exec['novasweep: nova.conf is there and has no section twice'],
    notify  => Exec['novasweep: restart nova-compute'],
  }

  exec { 'novasweep: restart nova-compute':
    command     => '/usr/sbin/svcadm restart svc:/application/openstack/nova/nova-compute:default',
    refreshonly => true,
  }
}

# Made by novasweep 0.0.0: what its rollout makes true of a node, for sites that run Puppet.
# It does not look before it acts, as a rollout does: read docs/how-to/puppet.md, and try --noop first.
class novasweep($rootpool = 'rpool') {

  # The datasets above: zfs of Puppet makes no parents. One that another class declares before is left to it.
  if ! defined(Zfs["${rootpool}/export"]) {
    zfs { "${rootpool}/export":
      ensure => present,
    }
  }

  # The dataset with its quota: 15G is how zfs prints 16106127360 bytes, and Puppet compares text.
  zfs { "${rootpool}/export/nova":
    ensure     => present,
    mountpoint => '/export/nova',
    canmount   => 'on',
    quota      => '15G',
    require    => Zfs["${rootpool}/export"],
  }

  # Snapshots would hold the space of evicted images.
  exec { 'novasweep: no automatic snapshots':
    command => "/usr/sbin/zfs set com.sun:auto-snapshot=false ${rootpool}/export/nova",
    unless  => "/usr/sbin/zfs get -H -o value com.sun:auto-snapshot ${rootpool}/export/nova | /usr/bin/grep false",
    require => Zfs["${rootpool}/export/nova"],
  }

  file { '/export/nova':
    ensure  => directory,
    owner   => 'nova',
    group   => 'nova',
    mode    => '0755',
    require => Zfs["${rootpool}/export/nova"],
  }

  file { '/export/nova/images':
    ensure  => directory,
    owner   => 'nova',
    group   => 'nova',
    mode    => '0755',
    require => File['/export/nova'],
  }

  # The cleaner goes: the files before the service, or the next import would bring it back.
  service { 'svc:/site/nova-cache-cleanup:default':
    ensure => stopped,
    enable => false,
  }

  file { '/lib/svc/manifest/site/nova-cache-cleanup.xml':
    ensure  => absent,
    require => Service['svc:/site/nova-cache-cleanup:default'],
  }

  file { '/lib/svc/method/nova-cache-cleanup':
    ensure  => absent,
    require => Service['svc:/site/nova-cache-cleanup:default'],
  }

  exec { 'novasweep: delete the service':
    command => '/usr/sbin/svccfg delete -f svc:/site/nova-cache-cleanup',
    onlyif  => '/usr/bin/svcs -H svc:/site/nova-cache-cleanup:default',
    require => [File['/lib/svc/manifest/site/nova-cache-cleanup.xml'], File['/lib/svc/method/nova-cache-cleanup']],
  }

  # nova.conf. ini_setting loses lines where a section stands twice, so such a file fails the first of these. The
  # restart is svcadm's, which leaves a nova-compute that is disabled as it is; a service resource would start it.
  exec { 'novasweep: nova.conf is there and has no section twice':
    command => '/usr/bin/false',
    unless  => "/usr/bin/nawk '/^[ \\t]*\\[.*\\][ \\t\\r]*\$/ { sub(/^[ \\t]*/, \"\"); sub(/[ \\t\\r]*\$/, \"\"); if (\$0 in seen) exit 1; seen[\$0] = 1 }' /etc/nova/nova.conf",
    require => [File['/export/nova/images'], Exec['novasweep: delete the service']],
  }

  ini_setting { 'novasweep: glancecache_dirname':
    ensure  => present,
    path    => '/etc/nova/nova.conf',
    section => 'DEFAULT',
    setting => 'glancecache_dirname',
    value   => '/export/nova/images',
    require => Exec['novasweep: nova.conf is there and has no section twice'],
    notify  => Exec['novasweep: restart nova-compute'],
  }

  exec { 'novasweep: restart nova-compute':
    command     => '/usr/sbin/svcadm restart svc:/application/openstack/nova/nova-compute:default',
    refreshonly => true,
  }
}

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

  # The cleaner. A changed manifest is imported; the second exec is for a run that was cut off before it could.
  file { '/lib/svc/method/nova-cache-cleanup':
    ensure  => file,
    owner   => 'root',
    group   => 'bin',
    mode    => '0555',
    content => (the method),
    require => File['/export/nova/images'],
  }

  file { '/lib/svc/manifest/site/nova-cache-cleanup.xml':
    ensure  => file,
    owner   => 'root',
    group   => 'sys',
    mode    => '0444',
    content => (the manifest),
    require => File['/lib/svc/method/nova-cache-cleanup'],
  }

  exec { 'novasweep: import the changed manifest':
    command     => '/usr/sbin/svcadm restart -s svc:/system/manifest-import:default',
    refreshonly => true,
    subscribe   => File['/lib/svc/manifest/site/nova-cache-cleanup.xml'],
  }

  exec { 'novasweep: import the manifest':
    command => '/usr/sbin/svcadm restart -s svc:/system/manifest-import:default',
    unless  => '/usr/bin/svcs -H svc:/site/nova-cache-cleanup:default',
    require => Exec['novasweep: import the changed manifest'],
  }

  # Its policy. The type svccfg refreshes the service itself, so that what it set is in force.
  svccfg { 'nova-cache-cleanup periodic/period':
    ensure   => present,
    fmri     => 'svc:/site/nova-cache-cleanup:default',
    property => 'periodic/period',
    type     => 'count',
    value    => '3600',
    require  => Exec['novasweep: import the manifest'],
    before   => Service['svc:/site/nova-cache-cleanup:default'],
  }

  svccfg { 'nova-cache-cleanup periodic/jitter':
    ensure   => present,
    fmri     => 'svc:/site/nova-cache-cleanup:default',
    property => 'periodic/jitter',
    type     => 'count',
    value    => '300',
    require  => Exec['novasweep: import the manifest'],
    before   => Service['svc:/site/nova-cache-cleanup:default'],
  }

  svccfg { 'nova-cache-cleanup config/dataset':
    ensure   => present,
    fmri     => 'svc:/site/nova-cache-cleanup:default',
    property => 'config/dataset',
    type     => 'astring',
    value    => "${rootpool}/export/nova",
    require  => Exec['novasweep: import the manifest'],
    before   => Service['svc:/site/nova-cache-cleanup:default'],
  }

  svccfg { 'nova-cache-cleanup config/directory':
    ensure   => present,
    fmri     => 'svc:/site/nova-cache-cleanup:default',
    property => 'config/directory',
    type     => 'astring',
    value    => '/export/nova/images',
    require  => Exec['novasweep: import the manifest'],
    before   => Service['svc:/site/nova-cache-cleanup:default'],
  }

  svccfg { 'nova-cache-cleanup config/headroom':
    ensure   => present,
    fmri     => 'svc:/site/nova-cache-cleanup:default',
    property => 'config/headroom',
    type     => 'count',
    value    => '2147483648',
    require  => Exec['novasweep: import the manifest'],
    before   => Service['svc:/site/nova-cache-cleanup:default'],
  }

  svccfg { 'nova-cache-cleanup config/target_free':
    ensure   => present,
    fmri     => 'svc:/site/nova-cache-cleanup:default',
    property => 'config/target_free',
    type     => 'count',
    value    => '4294967296',
    require  => Exec['novasweep: import the manifest'],
    before   => Service['svc:/site/nova-cache-cleanup:default'],
  }

  svccfg { 'nova-cache-cleanup config/min_age':
    ensure   => present,
    fmri     => 'svc:/site/nova-cache-cleanup:default',
    property => 'config/min_age',
    type     => 'count',
    value    => '86400',
    require  => Exec['novasweep: import the manifest'],
    before   => Service['svc:/site/nova-cache-cleanup:default'],
  }

  svccfg { 'nova-cache-cleanup config/order':
    ensure   => present,
    fmri     => 'svc:/site/nova-cache-cleanup:default',
    property => 'config/order',
    type     => 'astring',
    value    => 'lru',
    require  => Exec['novasweep: import the manifest'],
    before   => Service['svc:/site/nova-cache-cleanup:default'],
  }

  # The service stays off.
  service { 'svc:/site/nova-cache-cleanup:default':
    ensure => stopped,
    enable => false,
  }

  # nova.conf. ini_setting loses lines where a section stands twice, so such a file fails the first of these. The
  # restart is svcadm's, which leaves a nova-compute that is disabled as it is; a service resource would start it.
  exec { 'novasweep: nova.conf is there and has no section twice':
    command => '/usr/bin/false',
    unless  => "/usr/bin/nawk '/^[ \\t]*\\[.*\\][ \\t\\r]*\$/ { sub(/^[ \\t]*/, \"\"); sub(/[ \\t\\r]*\$/, \"\"); if (\$0 in seen) exit 1; seen[\$0] = 1 }' /etc/nova/nova.conf",
    require => [File['/export/nova/images'], Service['svc:/site/nova-cache-cleanup:default']],
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

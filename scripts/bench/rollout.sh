# The rollout as a careful shell script on standard input: for ssh under xargs, clush, pssh and bare ssh2.
# It does less than novasweep: no plan, no lock, no proof, nothing put back when a step fails.
set -eu
rollout() {
dataset=rpool/export/nova mountpoint=/export/nova cache=/export/nova/images
conf=/etc/nova/nova.conf
compute=svc:/application/openstack/nova/nova-compute:default
cleaner=svc:/site/nova-cache-cleanup:default
site=/lib/svc/manifest/site/nova-cache-cleanup.xml

/usr/sbin/zfs create -o mountpoint=$mountpoint -o quota=15G $dataset
/usr/bin/mkdir -p $cache
/usr/bin/chown nova:nova $mountpoint $cache
/usr/bin/chmod 755 $mountpoint $cache

/usr/bin/cat >/lib/svc/method/nova-cache-cleanup <<'@METHOD@'
@METHOD_TEXT@
@METHOD@
/usr/bin/cat >$site <<'@MANIFEST@'
@MANIFEST_TEXT@
@MANIFEST@
/usr/bin/chmod 555 /lib/svc/method/nova-cache-cleanup
/usr/bin/chmod 444 $site
/usr/sbin/svccfg import $site
/usr/sbin/svccfg -s $cleaner setprop config/dataset = astring: $dataset
/usr/sbin/svccfg -s $cleaner setprop config/directory = astring: $cache
/usr/sbin/svcadm refresh $cleaner
/usr/sbin/svcadm enable $cleaner

section=DEFAULT
/usr/bin/grep '^\[solariszones\]' $conf >/dev/null && section=solariszones
/usr/bin/cp -p $conf $conf.before
/usr/bin/cp -p $conf $conf.new
/usr/bin/grep -v '^glancecache_dirname *=' $conf |
  /usr/bin/nawk -v "section=[$section]" -v "line=glancecache_dirname = $cache" '
    { print }
    $0 == section { print line }' >$conf.new
/usr/bin/mv $conf.new $conf

/usr/sbin/svcadm restart -s -T 120 $compute
[ "$(/usr/bin/svcs -H -o state $compute)" = online ]
echo rolled out
}
rollout </dev/null

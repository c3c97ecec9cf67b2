#!/usr/bin/ksh93
# The published cleaner, rewritten from what is known of it: the tests demand that it fails where ours must not.
# Policy was hard-coded; the test hands over the dataset and the directory, and `rm -v`, as it was published, where that is
# the point: on a Solaris whose rm has no -v nothing else of it could be seen. Everything else is as it was.

cacheds=$CACHEDS
cachedir=$CACHEDIR

quota=$(zfs get -pH -o value quota ${cacheds})
if (( quota == 0 )); then
	exit 0
fi

(( limit = quota - 2 * 1024 * 1024 * 1024 ))
used=$(zfs get -pH -o value used ${cacheds})

while (( used > limit )); do
	oldest=$(ls -tr ${cachedir} | head -1)
	${RM:-rm} ${cachedir}/${oldest}
	used=$(zfs get -pH -o value used ${cacheds})
done

exit 0

#!/bin/bash
# A machine of its own to install packages on, in the namespaces that this is started in:
# this machine's files, with changes that go with it in folder $1, and runsvdir.
set -e
mount --make-rprivate /
mkdir "$1"/{box,debs} 2>/dev/null || :
mount -t tmpfs tmpfs "$1/box"
mkdir "$1"/box/{upper,work,root}
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/box/upper,workdir=$1/box/work" "$1/box/root"
cd "$1/box/root"
mount -t proc proc proc
mount --rbind /dev dev
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs -o mode=1777 tmpfs tmp
mkdir -p debs before
mount --bind "$1/debs" debs
rm -rf etc/service etc/sv etc/rundock usr/local/bin/rundock* usr/local/bin/dnsd usr/local/bin/previewd var/lib/dnsd var/lib/rundock var/log/dnsd
mkdir -p etc/service etc/sv
ip link set lo up
pivot_root . before
cd /
umount -l /before
exec env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
	runsvdir -P /etc/service

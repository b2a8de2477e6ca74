#!/bin/bash
# A machine of its own for systemd, in the namespaces that this is started in:
# this machine's files, with changes that go with it, and folder $1 for what
# the test brings: dnsd, host.json, dnsd.conf, dnsd.service, test.conf.
set -e
mount --make-rprivate /
mount -t tmpfs tmpfs "$1/box"
mkdir "$1"/box/{upper,work,root}
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/box/upper,workdir=$1/box/work" "$1/box/root"
cd "$1/box/root"
mount -t proc proc proc
mount --bind proc/sys proc/sys
mount -o remount,bind,ro proc/sys
mount --rbind /sys sys
umount -l sys/fs/cgroup
if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
	mount -t cgroup2 cgroup2 sys/fs/cgroup
else
	mount -t tmpfs tmpfs sys/fs/cgroup
	mkdir sys/fs/cgroup/{systemd,unified}
	mount -t cgroup -o none,name=systemd cgroup sys/fs/cgroup/systemd
	mount -t cgroup2 cgroup2 sys/fs/cgroup/unified
fi
mount -t tmpfs -o mode=755 tmpfs dev
for name in null zero full random urandom tty; do
	: >dev/$name
	mount --bind /dev/$name dev/$name
done
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs tmpfs tmp
# Nothing but what systemd needs, and dnsd.
rm -rf etc/systemd/system etc/rc?.d usr/lib/systemd/system/*.wants/getty* etc/machine-id
mkdir -p etc/systemd/system/dnsd.service.d etc/rundock
: >etc/fstab
echo 0123456789abcdef0123456789abcdef >etc/machine-id
for unit in systemd-{udevd,udev-trigger,resolved,networkd,timesyncd,logind,sysctl,modules-load,random-seed,hwdb-update,update-utmp}.service \
	dev-{hugepages,mqueue}.mount sys-{kernel-debug,kernel-tracing,kernel-config,fs-fuse-connections}.mount proc-sys-fs-binfmt_misc.automount getty.target; do
	ln -s /dev/null etc/systemd/system/$unit
done
cp "$1/dnsd" usr/local/bin/dnsd
cp "$1"/{host.json,dnsd.conf} etc/rundock/
cp "$1/dnsd.service" etc/systemd/system/
cp "$1/test.conf" etc/systemd/system/dnsd.service.d/
chroot . useradd --system --home-dir /var/lib/dnsd --shell /usr/sbin/nologin dnsd
mkdir -p before
pivot_root . before
cd /
umount -l /before
exec env -i container=other PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
	/lib/systemd/systemd --system --unit=multi-user.target --log-target=console --show-status=no

#!/bin/sh
# A git repository for the demo's preview, on the host that it is run on: /srv/hello.git, with a branch
# feature/Greeting. sshd serves it to whoever has its key, which can read it and do nothing else. Running it again is harmless.
set -eu
key=/etc/rundock/preview/hello.key
[ ! -d /srv/hello.git ] || exit 0

rm -f $key $key.pub
ssh-keygen -q -t ed25519 -N '' -C preview-hello -f $key
chown rundock-preview: $key # who has the page
mkdir -p -m 700 /root/.ssh
touch /root/.ssh/authorized_keys
sed -i '/ preview-hello$/d' /root/.ssh/authorized_keys
printf 'restrict,command="git-upload-pack /srv/hello.git" %s\n' "$(cat $key.pub)" >>/root/.ssh/authorized_keys

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
git init -q -b main .
git config user.name Demo
git config user.email demo@example.com
cat >Dockerfile <<'EOF'
FROM registry.s.prod.example.com:5000/busybox:latest
COPY index.html /www/
RUN echo "made for a preview" >/www/made.txt
CMD ["httpd", "-f", "-p", "8080", "-h", "/www"]
EOF
cat >compose.yaml <<'EOF'
services:
  web: {build: ., ports: ["80:8080"], stop_grace_period: 1s}
EOF
echo '<!DOCTYPE html><title>Hello</title><h1>Hello from main</h1>' >index.html
git add -A
git commit -q -m 'Say hello'
git switch -q -c feature/Greeting
echo '<!DOCTYPE html><title>Hello</title><h1>A greeting from a branch</h1>' >index.html
git commit -q -a -m 'Greet'
git clone -q --bare . "$work/hello.git"
mv "$work/hello.git" /srv/hello.git # whole, or not at all

#!/bin/sh
# The demo: from nothing to services that find each other, lose each other and
# meet again, to a version that takes over from another one, to a stack whose broken
# release is undone, and to a branch that runs at an address of its own, on three hosts in
# this machine. Started by make demo, which has built the programs. Running it again is
# harmless. Every command is shown before it runs; what is shown can be typed.
set -eu
cd "$(dirname "$0")/../.."

lab=.lab
case ${RUNDOCK_LAB_ID:-rd} in rd) ;; *) lab=.lab/$RUNDOCK_LAB_ID ;; esac
lab=${RUNDOCK_LAB_DIR:-$lab}
inventory=$lab/inventory
registry=registry.s.prod.example.com:5000
influxdb=influxdb.s.prod.example.com
grafana=grafana.s.prod.example.com
export ANSIBLE_DISPLAY_SKIPPED_HOSTS=false ANSIBLE_LOCALHOST_WARNING=false

doing="reading this script"
finish() {
	status=$?
	[ $status -eq 0 ] && return
	cat >&2 <<END

The demo failed, with status $status, at:
  $doing
Where to look:
  bin/lab status                                                the hosts, whether sshd and dockerd answer
  bin/lab exec node-back-1 -- sh -c 'sv status /etc/service/*'  what runit runs there
  bin/lab exec node-back-1 -- sh -c 'tail /var/log/docker-influxdb/current /var/log/docker-influxdb/announce/current'
  bin/lab exec node-front-1 -- tail /var/log/dnsd/current /var/log/registry/current
  bin/lab exec node-back-1 -- tail /var/log/docker.log
Then docs/troubleshooting.md. The lab stays up; make lab-down removes it.
END
}
trap finish EXIT

if [ -t 1 ]; then
	bold=$(printf '\033[1m') cyan=$(printf '\033[36m') plain=$(printf '\033[0m')
else
	bold='' cyan='' plain=''
fi

# step TITLE: a heading.
step() { printf '\n%s== %s%s\n' "$bold" "$1" "$plain"; }

# show COMMAND: a command line, as a person would type it.
show() { printf '\n%s$ %s%s\n' "$cyan" "$1" "$plain"; }

# run COMMAND: shows a command line, runs it, says how long it took.
run() {
	doing=$1
	show "$1"
	started=$(now)
	eval "$1"
	printf '  (%s)\n' "$(span "$started" "$(now)")"
}

now() { date +%s%N; }

# span FROM TO: the time between two of now, for a person.
span() {
	ms=$((($2 - $1) / 1000000))
	if [ $ms -lt 1000 ]; then echo "$ms ms"; else echo "$((ms / 1000)).$((ms % 1000 / 100)) s"; fi
}

# address HOST: its private address, from the inventory.
address() { sed -n "s/^$1 ansible_host=\([0-9.]*\).*/\1/p" "$inventory"; }

# records HOST NAME: what the dnsd of HOST answers for SRV NAME now.
records() { dig +short +time=1 +tries=1 "@$(address "$1")" SRV "$2" 2>/dev/null | grep -v '^;' || true; }

# await SECONDS WHAT TEST...: runs TEST until it succeeds.
await() {
	doing="waiting for: $2"
	deadline=$(($(now) + $1 * 1000000000))
	what=$2
	shift 2
	until "$@"; do
		if [ "$(now)" -gt $deadline ]; then
			echo "gave up waiting for: $what" >&2
			return 1
		fi
		sleep 0.01
	done
}
found() { [ -n "$(records "$1" "$2")" ]; }
lost() { [ -z "$(records "$1" "$2")" ]; }
listens() { bin/lab exec node-back-1 -- curl -sS -o /dev/null "$page" 2>/dev/null; }
greets() { bin/lab exec node-back-2 -- curl -fsS -o /dev/null "$preview" 2>/dev/null; }
answers() { [ "$(bin/lab exec node-back-1 -- curl -fsS "$1/ping" 2>/dev/null)" = "$2" ]; }

step "Three bare Debian hosts: sshd and Python, nothing else"
run "bin/lab up --bare"

step "site.yml over ssh: Docker, runit, rundockd, dnsd, the store, an image registry, two load balancers, a builder of previews"
site="ansible-playbook -i $inventory -i playbooks/demo/loadbalancers.yml -i playbooks/demo/previews.yml playbooks/site.yml"
run "$site"

step "Images, built here and pushed to the image registry, which DNS finds like any service"
await 60 "DNS to name the image registry" found node-front-1 registry.s.prod.example.com
run "bin/lab images --push"

step "A data container, and two services by the ad-hoc calls"
run "bin/lab exec node-back-1 -- sh -c 'docker inspect data.influxdb >/dev/null 2>&1 || docker create --name data.influxdb -v /var/lib/influxdb $registry/busybox:latest'"
run "ansible -i $inventory node-back-1 -b -m rundock -a 'state=enabled name=influxdb image=$registry/influxdb:latest args=\"--volumes-from data.influxdb -p \$PRIVATE_IP:8083:8083\" announce=8086 port=8086'"
run "ansible -i $inventory node-back-2 -b -m rundock -a 'state=enabled name=grafana image=$registry/grafana:latest args=\"-e INFLUXDB_HOST=$influxdb -e INFLUXDB_PORT=8086\" announce=8087 port=80'"

step "DNS finds them, from every host"
await 60 "DNS to name influxdb" found node-back-2 $influxdb
await 60 "DNS to name grafana" found node-front-1 $grafana
run "bin/lab exec node-back-2 -- dig +noall +answer +additional SRV $influxdb"
run "bin/lab exec node-back-2 -- curl -fsS http://$influxdb:8086/ping"
run "bin/lab exec node-front-1 -- curl -fsS http://$grafana:8087/ping"

step "And so do containers: grafana's looks influxdb up, and calls it"
run "bin/lab exec node-front-1 -- curl -fsS 'http://$grafana:8087/lookup?name=$influxdb'"
run "bin/lab exec node-front-1 -- curl -fsS 'http://$grafana:8087/get?url=http://$influxdb:8086/ping'"

step "influxdb crashes"
container='docker inspect influxdb --format "{{.State.Status}}, started {{.State.StartedAt}}"'
run "bin/lab exec node-back-1 -- $container"
since=$(date +%s.%N)
show "bin/lab exec node-back-2 -- curl -sS http://$influxdb:8086/crash &"
bin/lab exec node-back-2 -- curl -sS --max-time 5 http://$influxdb:8086/crash 2>/dev/null &
crasher=$!
await 30 "influxdb to leave DNS" lost node-back-2 $influxdb
gone=$(now)
await 60 "influxdb to come back to DNS" found node-back-2 $influxdb
back=$(now)
wait $crasher || true

# Docker's own times; the hosts share this machine's clock.
doing="asking node-back-1's Docker when influxdb died and was healthy again"
died=$(bin/lab exec node-back-1 -- docker events --since "$since" --until "$(date +%s.%N)" --filter container=influxdb --filter event=die --format '{{.TimeNano}}' | tail -n 1)
healthy=$(bin/lab exec node-back-1 -- docker inspect influxdb --format '{{range .State.Health.Log}}{{if eq .ExitCode 0}}{{.End.UnixNano}} {{end}}{{end}}' | cut -d ' ' -f 1)
printf '\n  its end     -> out of DNS on another host: %s\n' "$(span "$died" "$gone")"
printf '  its end     -> back in DNS:                %s\n' "$(span "$died" "$back")"
printf '  it is well  -> back in DNS:                %s\n' "$(span "$healthy" "$back")"
printf '  (each includes up to 30 ms of asking)\n'
run "bin/lab exec node-back-1 -- $container"
run "bin/lab exec node-back-2 -- curl -fsS http://$influxdb:8086/ping"

step "A service with two colours, behind the load balancers: version 1 gets the traffic, and version 2 takes over"
deploy="ansible-playbook -i $inventory playbooks/deploy.yml -e @playbooks/demo/web.yml"
front=http://$(address node-front-1):8090 back=http://$(address node-back-2):8090
run "$deploy -e version=1"
await 60 "version 1 to answer" answers "$front" "pong web 1"
await 60 "version 1 to answer" answers "$back" "pong web 1"
run "$deploy -e version=2"
run "bin/lab exec node-back-1 -- curl -fsS $front/ping"

step "To and fro under load: POSTs that are never sent twice, by both load balancers"
run "bin/lab exec node-back-1 -- rundockd verify-switch web --url $front/well --url $back/well --flips 4 --drain 5"
run "bin/lab exec node-back-1 -- rundockd history web"

step "A compose file as a stack: placed on the hosts, and released as one"
stack="ansible-playbook -i $inventory playbooks/stack.yml -e @playbooks/demo/stack.yml"
run "$stack -e version=1"
run "bin/lab exec node-front-1 -- dig +short web.shop.s.prod.example.com"
run "bin/lab exec node-back-1 -- rundockd stack show shop"

step "A release that breaks is undone, as a whole"
run "! $stack -e version=2 -e ends=3"
run "bin/lab exec node-back-1 -- rundockd stack history shop"
run "bin/lab exec node-front-1 -- dig +short web.shop.s.prod.example.com"

step "A branch at an address of its own: a repository, and a page that lets in who has a token"
page=http://$(address node-back-1):9155
preview=http://feature-greeting.y.s.prod.example.com
run "bin/lab exec node-back-1 -- sh -s <playbooks/demo/repository.sh"
run "ansible -i $inventory node-front-1 -b -m rundock_record -a 'name=*.y host=$(address node-front-1)'"
run "bin/lab exec node-back-1 -- sh -c 'grep -qs demo /etc/rundock/preview/access.json || echo demo-password | previewd token --scope admin --password demo'"
await 30 "the page to listen, now that somebody is let in" listens
api="bin/lab exec node-back-1 -- curl -fsS -u demo:demo-password $page/api/v1"
run "$api/repos/hello -X PUT -d '{\"url\": \"ssh://root@$(address node-back-1)/srv/hello.git\", \"key\": \"/etc/rundock/preview/hello.key\"}'"
run "$api/previews -d '{\"repo\": \"hello\", \"branch\": \"feature/Greeting\"}'"
await 120 "the preview to answer at $preview, from another host" greets
run "bin/lab exec node-back-2 -- curl -fsS $preview"

step "Done. To look around"
cat <<END
  bin/lab status
  bin/lab ssh node-back-1                                     a shell on a host
  bin/lab exec node-front-1 -- dig SRV s.prod.example.com     all services
  bin/lab exec node-back-1 -- sv status docker-influxdb dnsd
  bin/lab exec node-back-1 -- tail -F /var/log/docker-influxdb/current
  bin/lab exec node-back-1 -- sh -c 'cat /run/rundock/influxdb/*.json'
  bin/lab exec node-front-1 -- rundockd switch web            which colour has the traffic
  bin/lab exec node-front-1 -- rundockd switch web --to blue  back to version 1
  bin/lab exec node-front-1 -- rundockd stack releases shop   the releases of the stack
  ansible -i $inventory node-back-1 -b -m rundock -a 'state=disabled name=influxdb'
  bin/lab exec node-back-1 -- tail /var/lib/rundock/preview/logs/feature-greeting.log
  bin/lab stop node-back-1; bin/lab start node-back-1         power loss, and its end
  make lab-down                                               when you are done

In a browser on this machine:
  $page             the page of previews; its name is demo, its password demo-password
  $preview    the preview, once this machine knows that name:
    echo "$(address node-front-1) ${preview#http://}" >>/etc/hosts
    or: chromium --host-resolver-rules="MAP *.y.s.prod.example.com $(address node-front-1)" $preview
docs/previews.md goes on from here.
END

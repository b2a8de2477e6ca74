package params

import "rundock/internal/ansible"

const examples = `
- name: InfluxDB, reachable as influxdb.s.prod.example.com
  rundock:
    state: enabled
    name: influxdb
    image: registry.s.prod.example.com:5000/influxdb:2
    args: -v influxdb:/var/lib/influxdb
    announce: 8086

- name: Grafana, announced by another port than the one that listens in the container
  rundock:
    state: enabled
    name: grafana
    image: registry.s.prod.example.com:5000/grafana:9
    args: -e INFLUXDB_HOST=influxdb.s.prod.example.com
    announce: 8087
    port: 80
    wait: announced

- name: A DNS server with two ports, the second known as _admin._tcp.resolver
  rundock:
    state: enabled
    name: resolver
    image: registry.s.prod.example.com:5000/resolver:1
    announces:
      - {port: 53, protocol: udp, check: {type: exec, command: [dig, +short, localhost]}}
      - {port: 8080, name: admin, check: {type: http, path: /health, interval: 5s}}
    env_secret:
      TOKEN: "{{ vault_resolver_token }}"
    requires_mounts: [/srv/zones]
    log: {size: 10M, keep: 5}

- name: Several services in one call
  rundock:
    state: enabled
    wait: announced
    services:
      - {name: shop, image: "registry.s.prod.example.com:5000/shop:4", announce: 8081, port: 80}
      - {name: cart, image: "registry.s.prod.example.com:5000/cart:2", announce: 8082, port: 80}

- name: A registry that runs outside Docker, announced all the same
  rundock:
    state: enabled
    name: registry
    announce: 5000

- name: Deploy what the tag means now
  rundock:
    state: restarted
    name: grafana
    image: registry.s.prod.example.com:5000/grafana:9

- name: Remove a service, but for its logs
  rundock:
    state: absent
    name: grafana
`

// returned is what a result has besides changed, msg, diff and warnings.
var returned = []ansible.Return{
	{Name: "actions", Type: ansible.List, Elements: ansible.Str, Description: []string{
		"What was done, or in check mode would be, in order.",
	}, Sample: []string{"files updated", "container replaced"}},
	{Name: "results", Type: ansible.List, Elements: ansible.Dict, Description: []string{
		"With I(services), for each: C(name), C(changed), C(failed), C(msg), C(actions), C(service) and, with C(--diff), C(diff).",
	}, Returned: "with I(services), in place of I(actions) and I(service)"},
	{Name: "service", Type: ansible.Dict, Description: []string{
		"How the service stands after the call.",
	}, Returned: "unless the service directory cannot be read", Contains: []ansible.Return{
		{Name: "name", Type: ansible.Str, Description: []string{"Name of the service."}, Sample: "influxdb"},
		{Name: "directory", Type: ansible.Str, Description: []string{"Its service directory."}, Sample: "/etc/sv/docker-influxdb"},
		{Name: "installed", Type: ansible.Bool, Description: []string{"Whether its files are there."}},
		{Name: "enabled", Type: ansible.Bool, Description: []string{"Whether it is started at boot."}},
		{Name: "supervised", Type: ansible.Bool, Description: []string{"Whether runsv looks after it."}},
		{Name: "running", Type: ansible.Bool, Description: []string{"Whether its container runs."}},
		{Name: "phase", Type: ansible.Str, Description: []string{"What its runner is at."}, Returned: "if it is supervised", Sample: "running"},
		{Name: "container", Type: ansible.Str, Description: []string{"ID of its container."}, Returned: "if it is supervised"},
		{Name: "image", Type: ansible.Str, Description: []string{"ID of the image that it runs."}, Returned: "if it is supervised"},
		{Name: "spec", Type: ansible.Str, Description: []string{"Hash of what the container was made of."}, Returned: "if it is supervised"},
		{Name: "announced", Type: ansible.Bool, Description: []string{"Whether it is announced."}},
		{Name: "records", Type: ansible.List, Elements: ansible.Dict, Description: []string{"Its records in the store."}, Contains: []ansible.Return{
			{Name: "key", Type: ansible.Str, Description: []string{"Key in the store."}, Sample: "/skydns/com/example/prod/s/influxdb/node-1"},
			{Name: "name", Type: ansible.Str, Description: []string{"Name in DNS."}, Sample: "node-1.influxdb.s.prod.example.com"},
			{Name: "host", Type: ansible.Str, Description: []string{"The address."}, Sample: "10.0.0.5"},
			{Name: "port", Type: ansible.Int, Description: []string{"The port."}, Sample: 8086},
		}},
		{Name: "error", Type: ansible.Str, Description: []string{"Why it does not run."}, Returned: "if its runner has failed"},
		{Name: "reason", Type: ansible.Str, Description: []string{"Why it is not announced, or since when."}, Returned: "if its sidecar gives one"},
	}},
}

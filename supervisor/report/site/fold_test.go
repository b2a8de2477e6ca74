package site

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"rundock/internal/control"
	"rundock/internal/registry"
)

func TestServices(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	var records []registry.Listed
	for line := range strings.Lines(`
web/node-1 {"host":"10.0.0.1","port":80,"group":"main","id":"m1/web"}
web/node-2 {"host":"10.0.0.2","port":80,"group":"main","id":"m2/web"}
web/_tcp/_admin/node-2 {"host":"10.0.0.2","port":81,"group":"_admin","id":"m2/web"}
shop/node-1-blue {"host":"10.0.0.1","port":90,"group":"_blue","colour":"blue","id":"m1/shop/blue"}
shop/node-1-green {"host":"10.0.0.1","port":91,"group":"main","colour":"green","id":"m1/shop/green"}
shop/web/10 {"host":"10.0.0.2","group":"main","id":"m2/shop-web-10","at":"node-2"}
shop/web/2 {"host":"10.0.0.1","port":80,"group":"main","id":"m1/shop-web-2","at":"node-1"}
shop/web/_tcp/_admin/2 {"host":"10.0.0.1","port":81,"group":"_admin","id":"m1/shop-web-2","at":"node-1"}
shop/by/hand {"host":"10.0.0.7"}
printer/floor-2 {"host":"10.0.0.9"}
alias {"host":"web.s.example.com"}
bad/node-1 {
`) {
		if key, value, ok := strings.Cut(strings.TrimSpace(line), " "); ok {
			records = append(records, registry.Listed{Key: "/skydns/com/example/s/" + key, Value: []byte(value)})
		}
	}
	sidecars := []control.AnnounceStatus{
		{Service: "web", State: control.Announced, Since: now.Add(-time.Minute)},
		{Service: "shop-blue", Colour: "blue", State: control.Announced, Since: now.Add(-time.Hour)},
		{Service: "db", State: control.Unhealthy, Reason: "HEALTHCHECK:\nstarting", Since: now.Add(-time.Second)},
		{Service: "shop-web-2", Stack: "shop", Slot: "web.2", State: control.Announced, Since: now.Add(-time.Minute)},
		{Service: "shop-web-10", Stack: "shop", Slot: "web.10", State: control.Conflict, Reason: "held by m2/shop-web-10", Since: now},
		{Service: "shop-Job-1", Stack: "shop", Slot: "Job.1", State: control.Unhealthy, Reason: "not checked yet", Since: now},
		{Service: "gone", State: control.Announced, Since: now},
	}
	d := document{Time: now, Services: fold(records, "/skydns/com/example/s/", "node-1", sidecars)}
	want := `
SERVICE   INSTANCE      ADDRESS      COLOUR        STATE      FOR   WHY NOT
db        node-1        -            -             waiting    1s    HEALTHCHECK: starting
job.shop  1             -            -             waiting    0s    not checked yet
printer   floor-2       10.0.0.9     -             announced  -
shop      node-1-blue   10.0.0.1:90  blue          announced  1h0m
shop      node-1-green  10.0.0.1:91  green,active  announced  -
web       node-1        10.0.0.1:80  -             announced  1m0s
web       node-2        10.0.0.2:80  -             announced  -
web.shop  2             10.0.0.1:80  -             announced  1m0s
web.shop  10            10.0.0.2     -             announced  -
`
	if got := "\n" + d.table(); got != want {
		t.Errorf("the table is%swant%s", got, want)
	}
	var told []string
	for _, s := range d.Services {
		told = append(told, fmt.Sprintf("%s on %d", s.Name, s.Hosts))
		for _, i := range s.Instances {
			if i.Ports != nil {
				told = append(told, fmt.Sprint(i.Name, " also ", i.Ports))
			}
		}
	}
	if got, want := strings.Join(told, ", "), "db on 0, job.shop on 0, printer on 0, shop on 1, web on 2, node-2 also map[admin:10.0.0.2:81], web.shop on 2, 2 also map[admin:10.0.0.1:81]"; got != want {
		t.Errorf("services are %s, want %s", got, want)
	}
}

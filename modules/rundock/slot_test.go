package main

import (
	"os"
	"strings"
	"testing"
)

func TestSlots(t *testing.T) {
	m := onHost(t)
	slot := func(stack, slot, more string) string {
		return "state=enabled name=" + stack + "-" + strings.ReplaceAll(slot, ".", "-") + " stack=" + stack + " slot=" + slot + " image=app:1 wait=announced announces='[{\"as\":\"container\"}]' " + more
	}
	for _, c := range []struct{ args, want string }{
		{"name=shop-web-1 image=app:1 stack=shop", "parameters are required together: stack, slot"},
		{"name=shop-web-1 image=app:1 slot=web.1", "parameters are required together: stack, slot"},
		{"name=shop-web-1 announce=80 stack=shop slot=web.1", "missing parameter(s) required by 'stack, slot': image"},
		{"name=shop-web-1 image=app:1 announce=80 colour=blue stack=shop slot=web.1", "parameters are mutually exclusive: stack|colour"},
		{"name=web image=app:1 stack=shop slot=web.1", "value of name must be shop-web-1, as stack is shop and slot web.1, got: web"},
		{"name=shop-web-0 image=app:1 stack=shop slot=web.0", `value of slot must be a service and a number, such as web.1, got: "web.0"`},
		{"name=s.hop-web-1 image=app:1 stack=s.hop slot=web.1", `stack "s.hop": want a DNS label`},
		{"name=shop-web-1 image=app:1 stack=shop slot=web.1 aliases=www", "missing parameter(s) required by 'aliases': announce, announces"},
		{"name=web image=app:1 announce=80 aliases=www", "missing parameter(s) required by 'aliases': stack, slot"},
		{slot("shop", "web.1", "aliases=a.b"), `alias "a.b": want up to 63`},
	} {
		m.refuses(c.args, c.want)
	}

	m.refuses("name=migrate image=app:1 job=true announce=80", "parameters are mutually exclusive: job|announce, job|announces")
	m.refuses("name=migrate image=app:1 attempts=2", "missing parameter(s) required by 'attempts': job")

	// Two instances of one service on the host, and two stacks with a db each.
	m.apply(slot("shop", "web.1", "aliases=www"))
	m.apply(slot("shop", "web.2", "aliases=www"))
	m.apply(slot("shop", "db.1", ""))
	m.apply(slot("blog", "db.1", ""))
	for file, want := range map[string][]string{
		"shop-web-2/services/service/service.json":   {`"stack": "shop"`, `"slot": "web.2"`, `"rundock.slot": "web.2"`, `"com.docker.compose.service": "web"`, `"dns_search": [`, `"shop.s.`},
		"shop-web-2/services/announce/announce.json": {`"stack": "shop"`, `"slot": "web.2"`, `"www"`},
		"blog-db-1/services/service/service.json":    {`"stack": "blog"`, `"blog.s.`},
	} {
		data, err := os.ReadFile("/etc/sv/docker-" + file)
		must(t, err)
		for _, text := range want {
			if !strings.Contains(string(data), text) {
				t.Errorf("%s lacks %s:\n%s", file, text, data)
			}
		}
	}
	m.apply(slot("shop", "web.1", "aliases=www dns_search_domains=other.example.com"))
	if data, _ := os.ReadFile("/etc/sv/docker-shop-web-1/services/service/service.json"); strings.Contains(string(data), `"shop.s.`) {
		t.Errorf("a search domain that is given is not the only one:\n%s", data)
	}

	m.refuses("state=enabled name=shop image=app:1 announce=80", "service shop has the name of a stack that is on this host, as shop-")
	m.refuses("state=enabled name=shop-web-1 image=app:1 announce=80", "/etc/sv/docker-shop-web-1 is the directory of slot web.1 of stack shop, and not of a service shop-web-1 without colour")
	m.refuses("state=enabled name=shop-web-1 image=app:1", "is the directory of slot web.1 of stack shop")
	m.apply("state=enabled name=cart image=app:1 announce=80")
	m.refuses("name=web image=app:1 role=main", "a role is of a slot")
	m.refuses(slot("shop", "web.1", "role=main order=start-first"), "that is no job and stops first")
	m.refuses(slot("cart", "db.1", ""), "stack cart has the name of a service that is announced on this host")
}

// Command coredns is CoreDNS with what serves SkyDNS records from etcd: what
// dnsd is measured against. It is a module of its own, so that rundock's
// needs nothing of it.
package main

import (
	"github.com/coredns/coredns/coremain"
	_ "github.com/coredns/coredns/plugin/bind"
	_ "github.com/coredns/coredns/plugin/cache"
	_ "github.com/coredns/coredns/plugin/etcd"
	_ "github.com/coredns/coredns/plugin/loadbalance"
)

func main() { coremain.Run() }

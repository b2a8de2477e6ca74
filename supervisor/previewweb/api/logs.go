package api

import (
	"cmp"

	"rundock/supervisor/previewlog"
	"rundock/supervisor/previewweb/known"
)

// Logs finds logs, wherever they are.
type Logs struct {
	Book   *known.Book
	Builds previewlog.Builds // of this host
	Hosts  previewlog.Hosts
}

// Build is the log of the last build of p.
func (l Logs) Build(p known.Preview) previewlog.Source {
	if host := l.builtOn(p.Builder); host != l.Book.Site().Host {
		return l.of(host, p.Name, "")
	}
	return l.Builds.Of(p.Name)
}

// builtOn is the host that has that log; this one while there is no builder yet.
func (l Logs) builtOn(builder string) string { return cmp.Or(builder, l.Book.Site().Host) }

// Container is the log of a container of the preview name.
func (l Logs) Container(name string, slot known.Slot) previewlog.Source {
	return l.of(slot.Host, name, slot.Name)
}

func (l Logs) of(host, name, slot string) previewlog.Source {
	w, there := l.Book.Worker(host)
	switch {
	case !there:
		return previewlog.Unknown("the builder of " + host + " is away: its logs are shown once it is back")
	case host == l.Book.Site().Host:
		return l.Hosts.Remote(host, "", name, slot)
	case w.Logs == "":
		return previewlog.Unknown("the builder of " + host + " gives its logs to no other host: run site.yml for it")
	}
	return l.Hosts.Remote(host, w.Logs, name, slot)
}

package service

import (
	"rundock/internal/container"
	"rundock/supervisor/report"
)

// judgeNetworks is about networks that the container was taken off, by hand or as they were
// removed. Nothing reaches it there, which its checks tell as whatever they run into. One
// that was made from another spec may be in others.
func judgeNetworks(r *report.Part, h hostFacts, s serviceFacts) {
	if s.Hash == "" || s.Container.Labels[container.LabelSpec] != s.Hash {
		return
	}
	for _, n := range s.Lacking {
		text := "it is not in network " + n.Name + ", in which its settings have it"
		anew := "sv 1 " + halfOf(h, s, "service") + ", which replaces the container"
		switch {
		case n.Gone && n.Overlay:
			r.Wrong(text+": there is no such network", "rundockd overlay status "+n.Name+"; once the network is there, the runner puts the container into it")
		case n.Gone:
			r.Wrong(text+": there is no such network", "make it as it was made before (docker network create "+n.Name+"), then: "+anew)
		case n.Overlay:
			r.Wrong(text+": it was taken off", "within seconds the runner puts it back; if not: rundockd logs "+s.Name)
		default:
			r.Wrong(text+": it was taken off, as by docker network disconnect", anew)
		}
	}
}

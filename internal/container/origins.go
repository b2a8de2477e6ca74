package container

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"rundock/internal/spec"
)

// Origins are what a container is made from besides its spec. They change without
// anybody having asked, and then the container has to be made anew; its labels
// tell what it was made from.
type Origins struct {
	Addresses string    // of the host, filled into the spec: "PRIVATE_IP=10.0.0.2"
	Resolver  string    // the host's private address, where it was given as resolver
	Partners  []Partner // containers that it shares something with
}

// Partner is a container that another one shares something with, as it is now.
type Partner struct {
	spec.Share
	ID      string // "": it is not there
	Running bool
	Started time.Time
}

// String is the partner in a label: what is shared, with whom, and which
// container or which start of it that is.
func (p Partner) String() string {
	text := fmt.Sprintf("%s:%s:%s", p.What, p.With, p.ID)
	if p.What.Namespace() {
		text += ":" + strconv.FormatInt(p.Started.UnixNano(), 10)
	}
	return text
}

// describe names the partner, and what is shared with it.
func (p Partner) describe() string {
	switch p.What {
	case spec.SharedNetwork:
		return "container " + p.With + ", whose network it is in,"
	case spec.SharedVolumes:
		return "container " + p.With + ", whose volumes it has,"
	}
	return fmt.Sprintf("container %s, whose %s namespace it is in,", p.With, strings.ToUpper(string(p.What)))
}

// Partners looks at the containers that something is shared with.
func (c *Client) Partners(ctx context.Context, shares []spec.Share) ([]Partner, error) {
	var all []Partner
	for _, share := range shares {
		s, err := c.Inspect(ctx, share.With)
		if err != nil {
			return nil, err
		}
		all = append(all, Partner{Share: share, ID: s.ID, Running: s.Running, Started: s.StartedAt})
	}
	return all, nil
}

// MissingPartner says which partner is missing, so that no container can share with it;
// "" where none is.
func (o Origins) MissingPartner() string {
	for _, p := range o.Partners {
		switch {
		case p.ID == "":
			return p.describe() + " is not there"
		case p.What.Namespace() && !p.Running:
			return p.describe() + " does not run"
		}
	}
	return ""
}

// labels tell a container's origins.
func (o Origins) labels() map[string]string {
	var partners []string
	for _, p := range o.Partners {
		partners = append(partners, p.String())
	}
	return map[string]string{LabelAddresses: o.Addresses, LabelResolver: o.Resolver, LabelPartners: strings.Join(partners, " ")}
}

// Changed says what has changed since the container with these labels was made;
// "" where nothing has. None of these is a change: a partner that is away; a label
// that is missing, as on a container of an earlier release; other resolvers in
// host.json, as no setting of the host's replaces all its containers.
func (o Origins) Changed(labels map[string]string) string {
	if was := labels[LabelAddresses]; was != o.Addresses {
		return fmt.Sprintf("it was made for %s, and now that is %s", orNothing(was), orNothing(o.Addresses))
	}
	if was := labels[LabelResolver]; was != "" && o.Resolver != "" && was != o.Resolver {
		return fmt.Sprintf("it was given %s as resolver, and now that is %s", was, o.Resolver)
	}
	was := map[string][]string{} // parts, by what is shared and with whom
	for word := range strings.FieldsSeq(labels[LabelPartners]) {
		if parts := strings.Split(word, ":"); len(parts) > 2 {
			was[parts[0]+":"+parts[1]] = parts
		}
	}
	for _, p := range o.Partners {
		before := was[string(p.What)+":"+p.With]
		switch now := p.String(); {
		case before == nil || p.ID == "" || p.What.Namespace() && !p.Running || strings.Join(before, ":") == now:
		case before[2] != p.ID:
			return p.describe() + " is another one now"
		default:
			return p.describe() + " was started again"
		}
	}
	return ""
}

func orNothing(s string) string {
	if s == "" {
		return "nothing"
	}
	return s
}

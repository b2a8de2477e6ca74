// Package filterer is `rundockd filter`: it keeps the table of nftables by which a host
// lets containers and other machines reach its own services (internal/sitefilter), and
// tells how that stands.
//
// The table stays when the process ends: what it refuses is refused on.
package filterer

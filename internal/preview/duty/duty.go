// Package duty says which keys of the store builders, routers and the page of previews
// write. All of them read whatever hosts do.
//
// What ends in a slash or a hyphen is meant with all keys that begin with it. etcd's roles (dnsd/access)
// and the page's socket (supervisor/storeagent) are made of it.
package duty

import (
	"rundock/internal/preview"
	"rundock/internal/preview/ledger"
	"rundock/internal/preview/settings"
	"rundock/internal/stack/network"
	"rundock/internal/stack/release"
)

// Builder is what a builder writes: all of previews, and what it deploys them by. These are releases
// of the stacks that previews are, the networks of all stacks, which are one value, and the note of
// the key of stacks' secrets, which whoever deploys secrets first makes.
func Builder() []string {
	return []string{preview.Prefix, release.Prefix + preview.StackOf(""), network.Key, release.NoteKey}
}

// Router is what a router writes: that a preview is to be woken, and when it was used.
func Router() []string { return []string{preview.WakePrefix, preview.UsedPrefix} }

// Page is what the page writes: what people want. It writes no state: so whoever takes it over
// cannot say where requests for previews go.
func Page() []string {
	return []string{ledger.NamesKey, ledger.WishPrefix, ledger.RepoPrefix, ledger.EventPrefix, settings.Prefix, preview.WakePrefix}
}

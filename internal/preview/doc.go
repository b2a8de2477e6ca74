// Package preview is what the store holds of previews: branches that run, each at
// an address of its own. A key below Prefix has one JSON value:
//
//	/rundock/v1/preview/state/NAME  State: how a preview stands, and where its requests go
//	/rundock/v1/preview/wake/NAME   WakeUp: a request came for it while it was asleep
//	/rundock/v1/preview/used/NAME/HOST  Used: when a router passed a request on to it last
//	/rundock/v1/preview/worker/HOST  Worker: a builder, under its lease
//
// Builders write the first and the last, and take away the second; routers write the others. Besides,
// without reading or writing anything, the package says what a preview may be called
// (name.go), which repositories there may be (url.go), and what is to be done for a
// preview (wish.go).
package preview

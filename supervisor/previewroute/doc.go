// Package previewroute is `previewd route`: the process of a host that passes requests
// for previews on to their instances. What becomes of a request is decided by
// internal/preview/route; here it is done.
//
// follow.go keeps the table as the store says, snapshot.go keeps a copy of it for a
// start without the store. router.go takes requests, exchange.go passes one on by
// backends.go, streams.go ends those that stay open after a redeployment. wake.go and
// used.go tell the store that a preview is wanted, and when it was used. serve.go has
// the listeners, metrics.go the figures, main.go the settings.
package previewroute

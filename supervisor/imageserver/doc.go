// Package imageserver is `rundockd images`: TLS before an image registry, and the user by
// which a host is known to it.
//
// Debian's docker-registry reads its certificate when it starts, and no more, so that it
// would have to be restarted for each renewal. Here the certificate is read again when
// its file is another one, and connections go on.
package imageserver

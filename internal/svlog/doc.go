// Package svlog reads a folder that svlogd writes: older files, named by the
// TAI64N label of their end and perhaps compressed by a processor, and current.
//
// Source: svlogd(8) of runit, and https://cr.yp.to/libtai/tai64.html for labels.
package svlog

// Package reporttest holds golden files against what reports tell: each has
// facts that differ from a situation in which all is well, and what is told then.
package reporttest

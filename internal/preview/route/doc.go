// Package route decides what becomes of a request to a preview: host.go reads the
// name in its Host header, table.go says where requests for a name go, answer.go
// what is said where they go nowhere, cookie.go which cookies of an answer reach
// other previews. It does nothing itself.
package route

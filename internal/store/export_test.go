package store

import "net"

// Unshuffled is the same ledger with releases that keep the order of arrival.
func (s *Store) Unshuffled() *Store {
	other := *s
	other.unshuffled = true
	return &other
}

var EditionDue = editionDue

// BoundedConn is a connection as rounds have them, before it is connected.
func BoundedConn(c net.Conn) net.Conn { return &boundedConn{Conn: c} }

package store

// Unshuffled is the same ledger with releases that keep the order of arrival.
func (s *Store) Unshuffled() *Store {
	other := *s
	other.unshuffled = true
	return &other
}

var EditionDue = editionDue

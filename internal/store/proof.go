package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"intake/forms"
	"intake/internal/sealed"
)

// Proof is what a look at the whole ledger has found, as it was at one moment.
// It holds numbers alone: nothing that was opened, and nobody's reference.
type Proof struct {
	Sealed     []SealedValues
	Drafts     int // saved forms, which the portal cannot open
	Agreements []Agreement
}

// HasSealed reports whether there is anything from which to tell whether the
// keys are the right ones.
func (p *Proof) HasSealed() bool {
	return slices.ContainsFunc(p.Sealed, func(v SealedValues) bool { return v.Values > 0 })
}

// SealedValues are the sealed values of one column.
type SealedValues struct {
	Table, Column  string
	Values, Opened int
	// Of the opened ones that are looked up by a blind index, how many there
	// are and how many it leads to. They need the other half of the keyset.
	Indexed, Found int
}

// Sound reports whether all of them opened and are found.
func (v SealedValues) Sound() bool { return v.Opened == v.Values && v.Found == v.Indexed }

// Agreement is something that holds in every ledger that is whole.
type Agreement struct {
	What   string // a sentence
	Broken int    // for how many rows, or of how many it does not hold
}

// Prove opens every sealed value and holds the parts of the ledger against each
// other, all in one snapshot. It changes nothing and is safe while the portal
// serves, but while it runs the inbox is not written anew.
func (s *Store) Prove(ctx context.Context) (*Proof, error) {
	if s.keys == nil {
		return nil, errors.New("prove ledger: no keys")
	}
	tx, err := s.db.BeginTxx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return nil, fmt.Errorf("begin: %w", err)
	}
	defer tx.Rollback() //nolint:errcheck // it has only read
	var p Proof
	for _, column := range sealedColumns {
		values, err := s.openAll(ctx, tx, column)
		if err != nil {
			return nil, fmt.Errorf("open all of %s: %w", column.place.Table, err)
		}
		p.Sealed = append(p.Sealed, values)
	}
	if err := tx.GetContext(ctx, &p.Drafts, `SELECT count(*) FROM drafts`); err != nil {
		return nil, fmt.Errorf("count drafts: %w", err)
	}
	for _, a := range agreements {
		found := Agreement{What: a.what}
		if err := tx.GetContext(ctx, &found.Broken, a.broken); err != nil {
			return nil, fmt.Errorf("look whether it holds that %s: %w", a.what, err)
		}
		p.Agreements = append(p.Agreements, found)
	}
	behind, err := sequencesBehind(ctx, tx)
	if err != nil {
		return nil, err
	}
	p.Agreements = append(p.Agreements, Agreement{"New rows get numbers that no row has", behind})
	return &p, nil
}

// sealedColumn is a column of sealed values and how to look at all of them.
type sealedColumn struct {
	place  sealed.Place // but for the row
	column string       // its name, if the place has another one
	values string       // a query for row, value and blind index
	// read takes an opened value apart and gives what it is looked up by, or "".
	read      func(plain []byte) (lookedUp string, err error)
	indexKind string
}

// What is looked up by an NHS number is the newest version of a referral, so
// that only those that have one version tell.
var sealedColumns = []sealedColumn{
	{place: sealed.Place{Table: "referrals", Column: "reporter_sealed"}, read: readAnswers,
		values: `SELECT CAST(id AS text), reporter_sealed, NULL FROM referrals`},
	{place: sealed.Place{Table: "referrals", Column: "rest_sealed"}, read: readAnswers, indexKind: "nhs_number",
		values: `SELECT CAST(id AS text), rest_sealed, nhs_number_index FROM referrals r
			WHERE NOT EXISTS (SELECT FROM amendments WHERE referral_id = r.id)
			UNION ALL SELECT CAST(id AS text), rest_sealed, NULL FROM referrals r
			WHERE EXISTS (SELECT FROM amendments WHERE referral_id = r.id)`},
	{place: sealed.Place{Table: "amendments", Column: "reporter_sealed"}, read: readAnswers,
		values: `SELECT CAST(id AS text), reporter_sealed, NULL FROM amendments`},
	{place: sealed.Place{Table: "amendments", Column: "rest_sealed"}, read: readAnswers,
		values: `SELECT CAST(id AS text), rest_sealed, NULL FROM amendments`},
	{place: sealed.Place{Table: "events", Column: "sealed"},
		values: `SELECT CAST(id AS text), sealed, NULL FROM events WHERE sealed IS NOT NULL`},
	{place: sealed.Place{Table: "decisions", Column: "reasons_sealed"},
		values: `SELECT CAST(id AS text), reasons_sealed, NULL FROM decisions`,
		read:   func(plain []byte) (string, error) { return "", json.Unmarshal(plain, &Reasons{}) }},
	{place: sealed.Place{Table: "invitations", Column: "code"}, column: "code_sealed", indexKind: "invitation",
		values: `SELECT collector_id || '/' || number, code_sealed, ARRAY[code_index] FROM invitations WHERE code_sealed IS NOT NULL`,
		read:   func(plain []byte) (string, error) { return string(plain), nil }},
}

func readAnswers(plain []byte) (string, error) {
	answers, err := forms.DecodeAnswers(plain)
	return answers.Get("adult_nhs_number"), err
}

func (s *Store) openAll(ctx context.Context, tx *sqlx.Tx, column sealedColumn) (v SealedValues, err error) {
	v.Table, v.Column = column.place.Table, cmp.Or(column.column, column.place.Column)
	rows, err := tx.QueryContext(ctx, column.values)
	if err != nil {
		return v, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var value []byte
		var index pq.ByteaArray
		at := column.place
		if err := rows.Scan(&at.Row, &value, &index); err != nil {
			return v, err
		}
		v.Values++
		plain, err := s.keys.Open(at, value)
		lookedUp := ""
		if err == nil && column.read != nil {
			lookedUp, err = column.read(plain)
		}
		if err != nil {
			continue // it is counted as one that does not open
		}
		v.Opened++
		if index != nil && lookedUp != "" {
			v.Indexed++
			if s.leadsTo(index, column.indexKind, lookedUp) {
				v.Found++
			}
		}
	}
	return v, rows.Err()
}

// leadsTo reports whether looking a value up finds a row with that index.
func (s *Store) leadsTo(index pq.ByteaArray, kind, value string) bool {
	for _, asked := range s.keys.BlindIndexes(kind, value) {
		for _, kept := range index {
			if string(asked) == string(kept) {
				return true
			}
		}
	}
	return false
}

// sequencesBehind counts the columns with numbers of their own whose next
// number is taken, as after rows were copied without their sequences.
func sequencesBehind(ctx context.Context, tx *sqlx.Tx) (int, error) {
	var columns []struct {
		Table  string `db:"table_name"`
		Column string `db:"column_name"`
	}
	err := tx.SelectContext(ctx, &columns, `SELECT table_name, column_name FROM information_schema.columns
		WHERE table_schema = current_schema() AND is_identity = 'YES' ORDER BY table_name`)
	if err != nil {
		return 0, fmt.Errorf("list sequences: %w", err)
	}
	behind := 0
	for _, c := range columns {
		var taken bool
		err := tx.GetContext(ctx, &taken, `SELECT COALESCE(max(`+pq.QuoteIdentifier(c.Column)+`), 0)
				> COALESCE(pg_sequence_last_value(CAST(pg_get_serial_sequence($1, $2) AS regclass)), 0)
			FROM `+pq.QuoteIdentifier(c.Table), pq.QuoteIdentifier(c.Table), c.Column)
		if err != nil {
			return 0, fmt.Errorf("look at the sequence of %s: %w", c.Table, err)
		}
		if taken {
			behind++
		}
	}
	return behind, nil
}

package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"intake/forms"
	"intake/internal/routing"
	"intake/internal/sealed"
)

// Submission is a valid referral on its way into the ledger. Facts are its
// plain facts; everything in Answers is sealed.
type Submission struct {
	Key        uuid.UUID
	Form       *forms.Form
	Answers    forms.Answers
	Facts      routing.Facts
	ReceivedAt time.Time
	Demo       bool
	// Draft is the saved draft that it was resumed from; it is dropped.
	Draft []byte
}

// Outcome says what a submission became.
type Outcome string

// A key that is new is accepted; the same answers again change nothing; other
// answers under the same key amend the referral.
const (
	Accepted  Outcome = "accepted"
	Duplicate Outcome = "duplicate"
	Amended   Outcome = "amended"
)

// Receipt acknowledges a submission that is committed.
type Receipt struct {
	ReferralID uuid.UUID `db:"id"`
	Reference  string    `db:"reference"`
	ReceivedAt time.Time `db:"received_at"`
	Outcome    Outcome   `db:"-"`
}

var errReferenceTaken = errors.New("reference taken")

// Submit commits a referral with its first event, or an amendment to the
// referral that has its key.
func (s *Store) Submit(ctx context.Context, sub Submission) (Receipt, error) {
	for {
		var receipt Receipt
		err := s.inTx(ctx, func(tx *sqlx.Tx) error {
			var err error
			receipt, err = s.submit(ctx, tx, sub)
			return err
		})
		if errors.Is(err, errReferenceTaken) {
			continue
		} else if err != nil {
			return Receipt{}, fmt.Errorf("submit referral: %w", err)
		}
		return receipt, nil
	}
}

func (s *Store) submit(ctx context.Context, tx *sqlx.Tx, sub Submission) (Receipt, error) {
	receipt := Receipt{ReferralID: uuid.New(), Reference: newReference(), ReceivedAt: sub.ReceivedAt, Outcome: Accepted}
	row, err := s.sealSubmission("referrals", receipt.ReferralID, sub)
	if err != nil {
		return Receipt{}, err
	}
	row["reference"], row["key"], row["demo"] = receipt.Reference, sub.Key, sub.Demo
	row["priority"] = sub.Facts.Priority
	row["nhs_number"] = s.nhsNumberIndex(sub.Answers)
	res, err := named(ctx, tx, `INSERT INTO referrals (id, reference, submission_key, form_version, received_at, demo,
			facts, reporter_sealed, rest_sealed, nhs_number_index, priority)
		VALUES (:id, :reference, :key, :form_version, :received_at, :demo, :facts, :reporter, :rest, :nhs_number, :priority)
		ON CONFLICT (submission_key) DO NOTHING`, row)
	if isUnique(err) {
		return Receipt{}, errReferenceTaken
	} else if err != nil {
		return Receipt{}, fmt.Errorf("insert referral: %w", err)
	}
	if sub.Draft != nil {
		if _, err := tx.ExecContext(ctx, `DELETE FROM drafts WHERE id = $1`, sub.Draft); err != nil {
			return Receipt{}, fmt.Errorf("drop draft: %w", err)
		}
	}
	if changedOne(res, ErrExists) != nil {
		return s.amend(ctx, tx, sub)
	}
	return receipt, s.addEvent(ctx, tx, newEvent{at: sub.ReceivedAt, referral: &receipt.ReferralID, kind: EventReceived})
}

// amend adds the submission to the referral of its key unless it says what
// the newest version says already.
func (s *Store) amend(ctx context.Context, tx *sqlx.Tx, sub Submission) (Receipt, error) {
	var receipt Receipt
	err := tx.GetContext(ctx, &receipt, `SELECT id, reference, received_at FROM referrals
		WHERE submission_key = $1 FOR UPDATE`, sub.Key)
	if err != nil {
		return Receipt{}, fmt.Errorf("find referral of the key: %w", err)
	}
	newest, err := s.newestAnswers(ctx, tx, receipt.ReferralID)
	if err != nil {
		return Receipt{}, err
	}
	if newest.Equal(sub.Answers) {
		receipt.Outcome = Duplicate
		return receipt, nil
	}
	receipt.Outcome = Amended
	id := uuid.New()
	row, err := s.sealSubmission("amendments", id, sub)
	if err != nil {
		return Receipt{}, err
	}
	row["referral"] = receipt.ReferralID
	_, err = named(ctx, tx, `INSERT INTO amendments (id, referral_id, received_at, form_version, facts, reporter_sealed, rest_sealed)
		VALUES (:id, :referral, :received_at, :form_version, :facts, :reporter, :rest)`, row)
	if err != nil {
		return Receipt{}, fmt.Errorf("insert amendment: %w", err)
	}
	if index := s.nhsNumberIndex(sub.Answers); index != nil {
		if _, err := tx.ExecContext(ctx, `UPDATE referrals SET nhs_number_index = $2 WHERE id = $1`, receipt.ReferralID, index); err != nil {
			return Receipt{}, fmt.Errorf("renew blind index: %w", err)
		}
	}
	return receipt, s.addEvent(ctx, tx, newEvent{at: sub.ReceivedAt, referral: &receipt.ReferralID, kind: EventAmended})
}

// nhsNumberIndex is what the adult's other referrals are found by, nil where
// the number is not known.
func (s *Store) nhsNumberIndex(answers forms.Answers) pq.ByteaArray {
	number := answers.Get("adult_nhs_number")
	if number == "" {
		return nil
	}
	return s.keys.BlindIndexes("nhs_number", number)
}

// sealSubmission makes the columns that referrals and amendments share.
func (s *Store) sealSubmission(table string, id uuid.UUID, sub Submission) (map[string]any, error) {
	facts, err := json.Marshal(sub.Facts)
	if err != nil {
		return nil, fmt.Errorf("encode facts: %w", err)
	}
	row := map[string]any{
		"id": id, "form_version": sub.Form.Version, "received_at": sub.ReceivedAt, "facts": string(facts),
	}
	parts := sub.Form.Split(sub.Answers)
	for name, part := range map[string]forms.Part{"reporter": forms.PartReporter, "rest": forms.PartRest} {
		at := sealed.Place{Table: table, Column: name + "_sealed", Row: id.String()}
		if row[name], err = s.keys.Seal(at, parts[part].Encode()); err != nil {
			return nil, fmt.Errorf("seal %s: %w", name, err)
		}
	}
	return row, nil
}

// sealedRow is what referrals and amendments share when read.
type sealedRow struct {
	ID         uuid.UUID `db:"id"`
	ReceivedAt time.Time `db:"received_at"`
	Reporter   []byte    `db:"reporter_sealed"`
	Rest       []byte    `db:"rest_sealed"`
}

func (s *Store) unseal(table string, row sealedRow) (forms.Answers, error) {
	all := forms.Answers{}
	for column, ciphertext := range map[string][]byte{"reporter_sealed": row.Reporter, "rest_sealed": row.Rest} {
		plain, err := s.keys.Open(sealed.Place{Table: table, Column: column, Row: row.ID.String()}, ciphertext)
		if err != nil {
			return nil, fmt.Errorf("open %s of %s: %w", column, table, err)
		}
		answers, err := forms.DecodeAnswers(plain)
		if err != nil {
			return nil, fmt.Errorf("decode %s of %s: %w", column, table, err)
		}
		for name, values := range answers {
			all[name] = values
		}
	}
	return all, nil
}

// versions are the answers of the referral and of its amendments, oldest first.
func (s *Store) versions(ctx context.Context, tx *sqlx.Tx, referral uuid.UUID) ([]Version, error) {
	var versions []Version
	for _, from := range []struct{ table, query string }{
		{"referrals", `SELECT id, received_at, reporter_sealed, rest_sealed FROM referrals WHERE id = $1`},
		{"amendments", `SELECT id, received_at, reporter_sealed, rest_sealed FROM amendments
			WHERE referral_id = $1 ORDER BY seq`},
	} {
		var rows []sealedRow
		if err := tx.SelectContext(ctx, &rows, from.query, referral); err != nil {
			return nil, fmt.Errorf("read %s: %w", from.table, err)
		}
		for _, row := range rows {
			answers, err := s.unseal(from.table, row)
			if err != nil {
				return nil, err
			}
			versions = append(versions, Version{ReceivedAt: row.ReceivedAt, Answers: answers})
		}
	}
	return versions, nil
}

// Version is what a referrer sent at one time, unsealed.
type Version struct {
	ReceivedAt time.Time
	Answers    forms.Answers
}

func (s *Store) newestAnswers(ctx context.Context, tx *sqlx.Tx, referral uuid.UUID) (forms.Answers, error) {
	versions, err := s.versions(ctx, tx, referral)
	if err != nil {
		return nil, err
	}
	if len(versions) == 0 {
		return nil, ErrNotFound
	}
	return versions[len(versions)-1].Answers, nil
}

// Received is what the page after sending may say to whoever holds the
// sealed cookie.
type Received struct {
	Reference    string    `db:"reference"`
	Key          uuid.UUID `db:"submission_key"`
	ReceivedAt   time.Time `db:"received_at"`
	ReceiptTaken bool      `db:"receipt_taken"`
}

// ReceivedByID finds the referral that a sealed cookie names.
func (s *Store) ReceivedByID(ctx context.Context, id uuid.UUID) (*Received, error) {
	var r Received
	err := s.db.GetContext(ctx, &r, `SELECT reference, submission_key, received_at,
		receipt_taken_at IS NOT NULL AS receipt_taken FROM referrals WHERE id = $1`, id)
	if err != nil {
		return nil, fmt.Errorf("find received referral: %w", notFound(err))
	}
	return &r, nil
}

// TakeReceipt returns the newest sent answers for printing, the first time it
// is called; then ErrStale.
func (s *Store) TakeReceipt(ctx context.Context, id uuid.UUID, now time.Time) (forms.Answers, error) {
	var answers forms.Answers
	err := s.inTx(ctx, func(tx *sqlx.Tx) error {
		res, err := tx.ExecContext(ctx, `UPDATE referrals SET receipt_taken_at = $2
			WHERE id = $1 AND receipt_taken_at IS NULL`, id, now)
		if err != nil {
			return err
		}
		if err := changedOne(res, ErrStale); err != nil {
			return err
		}
		if answers, err = s.newestAnswers(ctx, tx, id); err != nil {
			return err
		}
		return s.addEvent(ctx, tx, newEvent{at: now, referral: &id, kind: EventReceiptTaken})
	})
	if err != nil {
		return nil, fmt.Errorf("take receipt: %w", err)
	}
	return answers, nil
}

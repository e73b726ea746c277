package store_test

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"intake/forms"
	"intake/internal/store"
)

func TestSubmitAcceptsAmendsAndKnowsDuplicates(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	key := uuid.New()
	first := l.submit(submission(key, concern(nil), tuesday))
	if first.Outcome != store.Accepted || !first.ReceivedAt.Equal(tuesday) {
		t.Errorf("first: %+v", first)
	}
	more := concern(forms.Answers{"what_happened": {"More happened."}})
	for i, c := range []struct {
		answers forms.Answers
		want    store.Outcome
	}{
		{concern(nil), store.Duplicate},
		{more, store.Amended},
		{more, store.Duplicate},
		// Back to the first words: somebody means it.
		{concern(nil), store.Amended},
	} {
		got := l.submit(submission(key, c.answers, tuesday.Add(time.Minute)))
		want := store.Receipt{ReferralID: first.ReferralID, Reference: first.Reference, ReceivedAt: got.ReceivedAt, Outcome: c.want}
		if got != want || !got.ReceivedAt.Equal(tuesday) {
			t.Errorf("post %d: %+v, want %+v", i+2, got, want)
		}
	}
	if other := l.submit(submission(uuid.New(), concern(nil), tuesday)); other.ReferralID == first.ReferralID || other.Reference == first.Reference {
		t.Errorf("another key: %+v is the first again", other)
	}
	l.expect("referrals", 2, `SELECT count(*) FROM referrals`)
	l.expect("amendments", 2, `SELECT count(*) FROM amendments`)
	if got := l.texts(`SELECT kind FROM events WHERE referral_id = $1 ORDER BY seq`, first.ReferralID); !slices.Equal(got, []string{"received", "amended", "amended"}) {
		t.Errorf("events: %q", got)
	}
}

// All amendments below come at the same instant: the newest is still the one
// that was committed last.
func TestNewestAnswersAreTheLastOnes(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	key := uuid.New()
	var id uuid.UUID
	for i := range 12 {
		answers := concern(forms.Answers{"what_happened": {fmt.Sprint("Version ", i)}})
		id = l.submit(submission(key, answers, tuesday)).ReferralID
		newest, err := l.SentAnswers(t.Context(), id)
		if err != nil || !newest.Equal(answers) {
			t.Fatalf("newest answers after version %d: %v, %v", i, newest, err)
		}
	}
	lead := l.user("lead@example.org", store.SafeguardingLead)
	opened, err := l.OpenReferral(t.Context(), lead, l.texts(`SELECT reference FROM referrals`)[0], tuesday)
	l.must(err)
	for i, version := range opened.Versions {
		if got := version.Answers.Get("what_happened"); got != fmt.Sprint("Version ", i) {
			t.Errorf("version %d says %q", i, got)
		}
	}
	if _, err := l.SentAnswers(t.Context(), uuid.New()); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("answers of no referral: %v", err)
	}
}

func TestSubmitTakesOneOfManyAtOnce(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	key := uuid.New()
	var mu sync.Mutex
	outcomes := map[store.Outcome]int{}
	references := map[string]bool{}
	errs := together(24, func(i int) error {
		answers := concern(forms.Answers{"what_happened": {fmt.Sprint("Words ", i%2)}})
		receipt, err := l.Submit(t.Context(), submission(key, answers, tuesday))
		mu.Lock()
		defer mu.Unlock()
		outcomes[receipt.Outcome]++
		references[receipt.Reference] = true
		return err
	})
	l.must(errors.Join(errs...))
	if outcomes[store.Accepted] != 1 || outcomes[store.Amended] == 0 || len(references) != 1 {
		t.Errorf("outcomes %v, references %v", outcomes, references)
	}
	l.expect("referrals", 1, `SELECT count(*) FROM referrals`)
	l.expect("amendments", outcomes[store.Amended], `SELECT count(*) FROM amendments`)
	l.expect("events", 1+outcomes[store.Amended], `SELECT count(*) FROM events`)
}

func TestSubmitDropsTheDraftItCameFrom(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	for _, id := range []string{"mine", "another's"} {
		l.must(l.PutDraft(t.Context(), store.Draft{ID: []byte(id), FormVersion: 1, Sealed: []byte("x"), ExpiresAt: tuesday.AddDate(0, 0, 30)}, nil))
	}
	sub := submission(uuid.New(), concern(nil), tuesday)
	sub.Draft = []byte("mine")
	l.submit(sub)
	if left := l.texts(`SELECT convert_from(id, 'UTF8') FROM drafts`); !slices.Equal(left, []string{"another's"}) {
		t.Errorf("drafts left: %q", left)
	}
}

func TestTheReceiptIsGivenOnce(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	sub := submission(uuid.New(), concern(nil), tuesday)
	id := l.submit(sub).ReferralID
	received, err := l.ReceivedByID(t.Context(), id)
	l.must(err)
	if received.ReceiptTaken || received.Key != sub.Key || !received.ReceivedAt.Equal(tuesday) {
		t.Errorf("received: %+v", received)
	}
	var given sync.Map
	errs := together(5, func(i int) error {
		answers, err := l.TakeReceipt(t.Context(), id, tuesday)
		if err == nil {
			given.Store(i, answers)
		}
		return err
	})
	times := 0
	given.Range(func(_, answers any) bool {
		times++
		if !sub.Answers.Equal(answers.(forms.Answers)) {
			t.Errorf("receipt: %v", answers)
		}
		return true
	})
	if times != 1 {
		t.Errorf("the receipt was given %d times", times)
	}
	for _, err := range errs {
		if err != nil && !errors.Is(err, store.ErrStale) {
			t.Errorf("the receipt again: %v", err)
		}
	}
	l.expect("events of a receipt taken", 1, `SELECT count(*) FROM events WHERE kind = 'receipt_taken'`)
	if received, err = l.ReceivedByID(t.Context(), id); err != nil || !received.ReceiptTaken {
		t.Errorf("afterwards: %+v, %v", received, err)
	}
	if _, err := l.ReceivedByID(t.Context(), uuid.New()); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("no referral: %v", err)
	}
}

package store_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"intake/internal/store"
)

// What the ledger does not hide: until the release, a transaction ties answers
// to the key and to the invitation that came with them. Afterwards nothing does.
func TestUntilTheReleaseAThiefSeesWhoAnsweredWhat(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	wave := l.byInvitation("one")
	_, codes := l.closedCollector(wave, "Providers", 15)
	const tied = `SELECT count(*) FROM inbox b JOIN submission_keys k ON k.submission_key = b.submission_key
		JOIN invitations i ON i.xmin::text = b.xmin::text AND k.xmin::text = b.xmin::text`
	for _, code := range codes[:9] {
		l.append(invited(wave, uuid.New(), code))
	}
	l.release(wave, tuesday)
	l.expect("answers tied to a key and an invitation before the release", 9, tied)
	l.append(invited(wave, uuid.New(), codes[9]))
	l.release(wave, tuesday)
	l.expect("answers tied to a key and an invitation after the release", 0, tied)
	l.expect("responses tied to a key", 0, `SELECT count(*) FROM responses r JOIN submission_keys k ON k.xmin::text IN (r.xmin::text, r.xmax::text)`)
	l.expect("invitations tied to a key", 0, `SELECT count(*) FROM invitations i JOIN submission_keys k ON k.xmin::text IN (i.xmin::text, i.xmax::text)`)
	l.expect("invitations written by the release", 10, `SELECT count(*) FROM invitations WHERE xmin::text = (SELECT DISTINCT xmin::text FROM responses)`)
}

// filesHolding lists the relations of this database whose files hold the bytes
// anywhere, in rows that are long deleted too. The inbox counts as one.
func (l *ledger) filesHolding(what []byte) []string {
	l.t.Helper()
	_, err := l.raw.ExecContext(l.t.Context(), `CHECKPOINT`)
	l.must(err)
	rows, err := l.raw.QueryContext(l.t.Context(), `SELECT c.relname, pg_read_binary_file(pg_relation_filepath(c.oid)) FROM pg_class c
		WHERE pg_relation_filepath(c.oid) IS NOT NULL AND NOT c.relisshared AND pg_relation_size(c.oid) > 0`)
	l.must(err)
	defer func() { l.must(rows.Close()) }()
	var found []string
	for rows.Next() {
		var name string
		var content []byte
		l.must(rows.Scan(&name, &content))
		if bytes.Contains(content, what) {
			found = append(found, strings.NewReplacer("_even", "", "_odd", "").Replace(name))
		}
	}
	l.must(rows.Err())
	slices.Sort(found)
	return slices.Compact(found)
}

// vacuumed writes tables of the inbox anew, and reports whether that was done.
func (l *ledger) vacuumed(tables ...string) bool {
	l.t.Helper()
	all := true
	for _, table := range tables {
		done, err := l.VacuumInbox(l.t.Context(), table)
		l.must(err)
		all = all && done
	}
	return all
}

// eventuallyVacuumed is vacuumed at last: the server's own vacuum may be at it
// just then.
func (l *ledger) eventuallyVacuumed(tables ...string) {
	l.t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !l.vacuumed(tables...); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			l.t.Fatalf("nobody uses %q, and they are not written anew", tables)
		}
	}
}

func TestFilesForgetWhatHasLeftTheInbox(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	wave, other := l.wave("one"), l.wave("two")
	l.fill(other, 0, 3) // these stay, so that the file is never empty
	key, words := uuid.New(), uuid.NewString()
	l.append(response(wave, key, words))
	l.fill(wave, 1, 14)
	l.release(wave, tuesday)
	look := func(when string, forWords, forKey []string) {
		t.Helper()
		if got := l.filesHolding([]byte(words)); !slices.Equal(got, forWords) {
			t.Errorf("%s the words are in the files of %q, want %q", when, got, forWords)
		}
		if got := l.filesHolding(key[:]); !slices.Equal(got, forKey) {
			t.Errorf("%s the key is in the files of %q, want %q", when, got, forKey)
		}
	}
	look("before the vacuum", []string{"inbox", "responses"}, []string{"inbox", "inbox_pkey", "submission_keys", "submission_keys_pkey"})
	l.eventuallyVacuumed(store.Inboxes...)
	look("after the vacuum", []string{"responses"}, []string{"submission_keys", "submission_keys_pkey"})
	l.expect("responses that wait", 3, `SELECT count(*) FROM inbox`)
}

// Nobody who answers waits for the vacuum to get hold of the inbox.
func TestVacuumWaitsForNobody(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	wave := l.wave("one")
	vacuum := func(want bool, when string) {
		t.Helper()
		if done := l.vacuumed(store.Inboxes...); done != want {
			t.Errorf("%s: done %v", when, done)
		}
	}
	inTx := func(statement, first string) (end func()) {
		t.Helper()
		tx, err := l.raw.BeginTx(t.Context(), nil)
		l.must(err)
		for _, s := range []string{first, statement} {
			_, err = tx.ExecContext(context.Background(), s)
			l.must(err)
		}
		return func() { l.must(tx.Rollback()) }
	}
	vacuum(true, "nothing in it")
	l.fill(wave, 0, 12)
	end := inTx(`SELECT FROM inbox`, `SELECT`)
	vacuum(false, "somebody reads it")
	l.fill(wave, 12, 1)
	end()
	end = inTx(`SELECT FROM waves`, `SET TRANSACTION ISOLATION LEVEL REPEATABLE READ`) // as a dump does
	l.release(wave, tuesday)
	vacuum(false, "somebody may still look at what it was")
	end()
	l.eventuallyVacuumed(store.Inboxes...)
	l.expect("bytes of the inbox", 0, bytesOfInbox)
}

const bytesOfInbox = `SELECT sum(pg_relation_size(oid)) FROM pg_class WHERE relname IN ('inbox', 'inbox_even', 'inbox_odd')`

// Whoever answers does not wait while a table of the inbox that rests is written
// anew.
func TestNobodyWaitsForAnInboxThatRests(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	open, byInvitation := l.wave("one"), l.byInvitation("two")
	_, codes := l.closedCollector(byInvitation, "Providers", 2)
	var resting []string
	for len(resting) < 2 { // one of the two by turns, and the one that takes nothing
		time.Sleep(50 * time.Millisecond)
		resting = slices.DeleteFunc(slices.Clone(store.Inboxes), func(table string) bool { return !store.InboxRests(table, time.Now()) })
	}
	tx, err := l.raw.BeginTx(t.Context(), nil)
	l.must(err)
	_, err = tx.ExecContext(t.Context(), `LOCK TABLE ONLY `+strings.Join(resting, ", ONLY ")+` IN ACCESS EXCLUSIVE MODE`)
	l.must(err)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	answers := together(40, func(i int) error {
		r := response(open, uuid.New(), "")
		if i < len(codes) {
			r = invited(byInvitation, uuid.New(), codes[i])
		}
		_, err := l.Append(ctx, r, tuesday)
		return err
	})
	_, alone := l.Append(ctx, response(open, uuid.New(), ""), tuesday)
	l.must(tx.Rollback())
	if err := errors.Join(append(answers, alone)...); err != nil && store.InboxRests(resting[0], time.Now()) {
		t.Errorf("while %q are written anew: %v", resting, err)
	}
}

// What has left a table of the inbox is forgotten, whichever it lay in, and the
// others are as they were.
func TestEachTableOfTheInboxForgets(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	wave := l.wave("one")
	var key [3]uuid.UUID
	var words [3]string
	for i, table := range store.Inboxes {
		key[i], words[i] = uuid.New(), uuid.NewString()
		l.putInto(table, wave, key[i], words[i])
		for range 3 {
			l.putInto(table, wave, uuid.New(), "")
		}
	}
	if n := l.release(wave, tuesday); n != 12 {
		t.Fatalf("%d were released of 12 in three tables", n)
	}
	held := func(i int, in string) bool {
		return slices.Contains(l.filesHolding([]byte(words[i])), in) || slices.Contains(l.filesHolding(key[i][:]), in+"_pkey")
	}
	for i, table := range store.Inboxes {
		if !held(i, "inbox") {
			t.Errorf("before the vacuum nothing is in the file of %s", table)
		}
		l.eventuallyVacuumed(table)
		if held(i, "inbox") {
			t.Errorf("after the vacuum the files of %s hold what has left it", table)
		}
		if i+1 < len(store.Inboxes) && !held(i+1, "inbox") {
			t.Errorf("the vacuum of %s was one of %s", table, store.Inboxes[i+1])
		}
	}
}

// putInto puts a response into a table of the inbox.
func (l *ledger) putInto(table string, wave int64, key uuid.UUID, words string) {
	l.t.Helper()
	_, err := l.raw.ExecContext(l.t.Context(), `WITH keys AS (INSERT INTO submission_keys VALUES ($1))
		INSERT INTO `+table+` (submission_key, wave_id, form_version, answers)
		VALUES ($1, $2, 1, jsonb_build_object('one_change', ARRAY[$3::text]))`, key, wave, words)
	l.must(err)
}

// The rest of a wave joins the release before it: afterwards no row that is
// left on a page tells which ones were there before.
func TestVacuumDropsTheReleaseThatTheRestJoined(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	wave := l.wave("one")
	l.fill(wave, 0, 12)
	l.release(wave, tuesday)
	l.fill(wave, 12, 3)
	l.closeWave("one", tuesday)
	l.release(wave, ended)
	_, err := l.raw.ExecContext(t.Context(), `CREATE EXTENSION pageinspect`)
	l.must(err)
	const rowsOnPages = `SELECT count(*) FROM generate_series(0, pg_relation_size('responses') / 8192 - 1) AS page,
		heap_page_items(get_raw_page('responses', page::int)) WHERE t_data IS NOT NULL`
	l.expect("rows on the pages before", 12+15, rowsOnPages)
	l.must(l.VacuumResponses(t.Context()))
	l.expect("rows on the pages after", 15, rowsOnPages)
}

// Long answers lie in a table of their own, whose numbers count up.
func TestLongAnswersAreShuffledToo(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	wave := l.wave("one")
	const people = 200
	random := make([]byte, 3000) // that cannot be compressed
	came := map[string]int{}
	for turn := range people {
		_, err := rand.Read(random)
		l.must(err)
		name := uuid.NewString()
		came[name] = turn
		l.append(response(wave, uuid.New(), name+base64.StdEncoding.EncodeToString(random)))
	}
	l.release(wave, tuesday)
	var toast string
	l.scan(&toast, `SELECT reltoastrelid::regclass::text FROM pg_class WHERE oid = 'responses'::regclass`)
	for _, order := range []string{"chunk_id", "ctid"} {
		var turns []int
		for _, chunk := range l.texts(`SELECT encode(chunk_data, 'escape') FROM ` + toast + ` WHERE chunk_seq = 0 ORDER BY ` + order) {
			for name, turn := range came {
				if strings.Contains(chunk, name) {
					turns = append(turns, turn)
				}
			}
		}
		if len(turns) != people {
			t.Fatalf("%d of %d long answers are found", len(turns), people)
		}
		// The deviation is 0.07.
		if got := rankCorrelation(turns); math.Abs(got) > 0.4 {
			t.Errorf("the %s of long answers follows their arrival: rank correlation %.2f", order, got)
		}
	}
}

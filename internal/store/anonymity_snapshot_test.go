package store_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// row is one of a table, each column as JSON, with those that PostgreSQL keeps
// by itself.
type row map[string]json.RawMessage

// snapshot reads a table as it lies there, without asking for an order.
func (l *ledger) snapshot(table string) []row {
	l.t.Helper()
	var rows []row
	for _, text := range l.texts(`SELECT (to_jsonb(t) || jsonb_build_object('xmin', xmin::text::bigint, 'xmax', xmax::text::bigint,
		'cmin', cmin::text::bigint, 'cmax', cmax::text::bigint,
		'ctid', ((ctid::text::point)[0] * 65536 + (ctid::text::point)[1])::bigint))::text FROM ` + table + ` t`) {
		var r row
		l.must(json.Unmarshal([]byte(text), &r))
		rows = append(rows, r)
	}
	return rows
}

// text is a column of the row as it would be printed.
func (r row) text(column string) string { return strings.Trim(string(r[column]), `"`) }

// compareTexts compares two numbers or two texts of a column.
func compareTexts(a, b string) int {
	isNumber := func(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }
	if len(a) != len(b) && isNumber(a) && isNumber(b) {
		return len(a) - len(b)
	}
	return strings.Compare(a, b)
}

// member is one of the crowds' people.
type member struct {
	crowd *crowd
	turn  int
}

// readSnapshot finds every row that is about one person, whatever its table,
// and every order that these rows have.
func (l *ledger) readSnapshot(crowds []*crowd) {
	l.t.Helper()
	known := map[string]member{}
	for _, c := range crowds {
		for turn := range uses {
			m := member{c, turn}
			known[c.key[turn].String()], known[c.words[turn]], known[fmt.Sprint(c.collector, "/", c.number[turn]+1)] = m, m, m
		}
	}
	about := func(r row) (member, bool) {
		for _, name := range []string{r.text("submission_key"), fmt.Sprint(r.text("collector_id"), "/", r.text("number"))} {
			if m, ok := known[name]; ok {
				return m, true
			}
		}
		_, words, _ := strings.Cut(r.text("answers"), `"one_change": ["`)
		words, _, _ = strings.Cut(words, `"`)
		m, ok := known[words]
		return m, ok
	}
	transactions := map[string]bool{} // that brought answers
	found := map[string]int{}
	snapshots := map[string][]row{}
	for _, table := range l.tables() {
		snapshots[table] = l.snapshot(table)
		byCrowd := map[*crowd][]row{}
		turns := map[*crowd][]int{}
		for _, r := range snapshots[table] {
			m, ok := about(r)
			if !ok {
				continue
			}
			found[table]++
			byCrowd[m.crowd], turns[m.crowd] = append(byCrowd[m.crowd], r), append(turns[m.crowd], m.turn)
			switch table {
			case "submission_keys":
				transactions[r.text("xmin")] = true
			case "responses":
				var err error
				m.crowd.release[m.turn], err = strconv.Atoi(r.text("release"))
				l.must(err)
			}
		}
		for _, c := range crowds {
			c.addOrders(table, byCrowd[c], turns[c])
		}
	}
	if want := map[string]int{"responses": uses * len(crowds), "invitations": uses * len(crowds), "submission_keys": uses * len(crowds)}; !maps.Equal(found, want) {
		l.t.Fatalf("rows about people: %v, want %v", found, want)
	}
	if len(transactions) != uses*len(crowds) {
		l.t.Fatalf("%d transactions brought the answers of %d people", len(transactions), uses*len(crowds))
	}
	l.expectNothingElseOf(transactions, snapshots)
	expectAlikeWithinReleases(l.t, snapshots["responses"])
}

// addOrders adds every order that the rows can be sorted by, but for those that
// another one equals.
func (c *crowd) addOrders(table string, rows []row, turns []int) {
	if len(rows) == 0 {
		return
	}
	add := func(by string, sorted []int) {
		o := order{table + " " + by, table == "responses", sorted}
		if !slices.ContainsFunc(c.orders, func(other order) bool { return other.responses == o.responses && slices.Equal(other.turns, sorted) }) {
			c.orders = append(c.orders, o)
		}
	}
	add("as they are read", turns)
	for _, column := range slices.Sorted(maps.Keys(rows[0])) {
		places, texts := make([]int, len(rows)), make([]string, len(rows))
		for i := range places {
			places[i], texts[i] = i, rows[i].text(column)
		}
		if len(slices.Compact(slices.Clone(texts))) == 1 {
			continue
		}
		slices.SortStableFunc(places, func(a, b int) int { return compareTexts(texts[a], texts[b]) })
		sorted := make([]int, len(places))
		for i, place := range places {
			sorted[i] = turns[place]
		}
		add("by "+column, sorted)
	}
}

// expectNothingElseOf checks that a transaction that brought answers has left
// one row, the key, and no mark on any other.
func (l *ledger) expectNothingElseOf(transactions map[string]bool, snapshots map[string][]row) {
	l.t.Helper()
	for table, rows := range snapshots {
		for _, r := range rows {
			if transactions[r.text("xmax")] || table != "submission_keys" && transactions[r.text("xmin")] {
				l.t.Fatalf("the table %s holds a row of the transaction of a response: %v", table, r)
			}
		}
	}
}

// expectAlikeWithinReleases checks that responses of a release differ in their
// answers and their place in the shuffled pile, and in nothing else.
func expectAlikeWithinReleases(t *testing.T, responses []row) {
	t.Helper()
	same := map[string]row{}
	for _, r := range responses {
		release := r.text("wave_id") + "/" + r.text("release")
		if same[release] == nil {
			same[release] = r
		}
		for column := range r {
			switch column {
			case "answers", "ordinal", "ctid":
			default:
				if first := same[release]; first.text(column) != r.text(column) {
					t.Fatalf("responses of one release differ in %s: %q and %q", column, first.text(column), r.text(column))
				}
			}
		}
	}
	if len(same) == 0 {
		t.Fatal("there is no release")
	}
}

package handlers

import (
	"net/http"

	"github.com/gin-gonic/gin"
)

// storedPlace is a table of the ledger that holds something about a response,
// and what each of its columns is, as the key of words. A test compares it
// with the schema and with rows, so that the page cannot go stale.
type storedPlace struct {
	table   string
	heading string
	columns []storedColumn
}

type storedColumn struct{ column, words string }

var storedPlaces = []storedPlace{
	{"inbox", "stored_when_sent", []storedColumn{
		{"submission_key", "stored_key"}, {"wave_id", "stored_wave"}, {"form_version", "stored_version"},
		{"answers", "stored_answers"}, {"collector_id", "stored_collector"},
	}},
	{"submission_keys", "stored_when_sent", []storedColumn{{"submission_key", "stored_key"}}},
	{"responses", "stored_when_mixed", []storedColumn{
		{"wave_id", "stored_wave"}, {"ordinal", "stored_ordinal"}, {"release", "stored_release"},
		{"form_version", "stored_version"}, {"answers", "stored_answers"},
	}},
	{"result_chunks", "stored_when_mixed", []storedColumn{
		{"wave_id", "stored_wave"}, {"number", "stored_ordinal"}, {"size", "stored_ordinal"}, {"bits", "stored_answers"},
	}},
	{"texts", "stored_own_words", []storedColumn{
		{"id", "stored_text_place"}, {"wave_id", "stored_text_place"}, {"question", "stored_text_place"}, {"ordinal", "stored_text_place"},
		{"state", "stored_text_state"}, {"version", "stored_text_state"}, {"words", "stored_text_words"}, {"themes", "stored_text_words"},
		{"decided_by", "stored_text_reader"}, {"decided_at", "stored_text_reader"},
	}},
	// For a day, in files that managers asked for: shuffled once more.
	{"export_parts", "stored_when_mixed", []storedColumn{
		{"export_id", "stored_ordinal"}, {"attempt", "stored_ordinal"}, {"number", "stored_ordinal"}, {"bytes", "stored_answers"},
	}},
	{"invitations", "stored_invitations", []storedColumn{
		{"collector_id", "stored_collector"}, {"number", "stored_number"}, {"code_index", "stored_code_index"},
		{"code_sealed", "stored_code_sealed"}, {"spent", "stored_spent"}, {"shuffled", "stored_shuffled"},
	}},
	{"collectors", "stored_counts", []storedColumn{
		{"id", "stored_of_collector"}, {"wave_id", "stored_of_collector"}, {"code", "stored_of_collector"}, {"name", "stored_of_collector"},
		{"kind", "stored_of_collector"}, {"issued", "stored_of_collector"}, {"reissued", "stored_of_collector"},
		{"returned", "stored_of_collector"}, {"held_back", "stored_of_collector"}, {"closed_at", "stored_of_collector"},
	}},
	{"releases", "stored_counts", []storedColumn{
		{"wave_id", "stored_of_release"}, {"number", "stored_of_release"}, {"size", "stored_of_release"}, {"released_at", "stored_of_release"},
	}},
	{"editions", "stored_counts", []storedColumn{{"wave_id", "stored_of_release"}, {"size", "stored_of_release"}}},
}

type storedPage struct {
	base
	Sections []storedSection
}

// storedSection is a heading with what is kept then.
type storedSection struct {
	Heading string
	Rows    []storedRow
}

// storedRow says one thing that is kept, and under which names.
type storedRow struct {
	Words string
	Names string // like "inbox.answers"
}

func (a *app) storedPath() string { return "/survey/" + a.Survey.ID + "/stored" }

// surveyStored tells everybody what the portal keeps of a response.
func (a *app) surveyStored(c *gin.Context) error {
	if c.Param("slug") != a.Survey.ID {
		return errPageNotFound
	}
	lang := a.languages.choose(c.Request).code
	w := wordsIn(lang)
	page := storedPage{base: a.spoken(c, lang, w["stored"])}
	for _, place := range storedPlaces {
		section := find(&page.Sections, func(s storedSection) bool { return s.Heading == w[place.heading] }, storedSection{Heading: w[place.heading]})
		for _, column := range place.columns {
			row := find(&section.Rows, func(r storedRow) bool { return r.Words == w[column.words] }, storedRow{Words: w[column.words]})
			if row.Names != "" {
				row.Names += ", "
			}
			row.Names += place.table + "." + column.column
		}
	}
	return a.render(c, http.StatusOK, "survey_stored", &page)
}

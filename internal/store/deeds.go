package store

import (
	"context"
	"time"

	"github.com/jmoiron/sqlx"
)

// Deed is who does something to a survey and when, for the history. By is nil
// for whoever runs the portal's commands.
type Deed struct {
	By *User
	At time.Time
}

// What the history records of surveys. None of it names an invitation's code.
const (
	EventWaveMade         EventKind = "wave_made"
	EventWaveClosed       EventKind = "wave_closed"
	EventPublished        EventKind = "results_published"
	EventUnpublished      EventKind = "results_unpublished"
	EventVersionAccepted  EventKind = "version_accepted"
	EventCollectorMade    EventKind = "collector_made"
	EventCollectorClosed  EventKind = "collector_closed"
	EventInvitationsAdded EventKind = "invitations_added"
	EventReissued         EventKind = "invitation_reissued"
	EventCodesShown       EventKind = "codes_shown"
	EventCodesExported    EventKind = "codes_exported"
	EventTextReleased     EventKind = "text_released"
	EventTextHeld         EventKind = "text_held"
	EventTextTakenBack    EventKind = "text_taken_back"
	EventActionWritten    EventKind = "action_written"
	EventActionChanged    EventKind = "action_changed"
	EventActionEnded      EventKind = "action_ended"
	EventExportAsked      EventKind = "export_asked"
	EventExportFetched    EventKind = "export_fetched"
)

func (s *Store) recordDeed(ctx context.Context, db sqlx.ExtContext, d Deed, kind EventKind, detail Detail) error {
	return s.addEvent(ctx, db, newEvent{at: d.At, actor: d.by(), kind: kind, detail: detail})
}

// by is the ID of who does it, nil for a command.
func (d Deed) by() *int64 {
	if d.By == nil {
		return nil
	}
	return &d.By.ID
}

// RecordShown records that the codes of a collector's invitations were shown
// to be printed: of one of them by its number, or of many with 0.
func (s *Store) RecordShown(ctx context.Context, d Deed, collectorID int64, number int) error {
	return s.recordDeed(ctx, s.db, d, EventCodesShown, Detail{Collector: collectorID, Invitation: number})
}

// RecordExported records that the codes of a collector's invitations were
// given out as a file.
func (s *Store) RecordExported(ctx context.Context, d Deed, collectorID int64) error {
	return s.recordDeed(ctx, s.db, d, EventCodesExported, Detail{Collector: collectorID})
}

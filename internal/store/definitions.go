package store

import (
	"context"
	"fmt"
	"time"

	"intake/forms"
)

// PublishForm makes a version of a definition public. Publishing the same
// source again does nothing; another source under the same version is
// ErrExists, since answers already given refer to the first.
func (s *Store) PublishForm(ctx context.Context, f *forms.Form, source []byte) error {
	_, err := s.db.ExecContext(ctx, `INSERT INTO form_versions (form, version, hash, source) VALUES ($1, $2, $3, $4)
		ON CONFLICT DO NOTHING`, f.ID, f.Version, f.Hash(), string(source))
	if err != nil {
		return fmt.Errorf("publish form: %w", err)
	}
	// A statement of its own: the one before does not see a version that
	// another process published while it waited.
	var hash string
	err = s.db.GetContext(ctx, &hash, `SELECT hash FROM form_versions WHERE form = $1 AND version = $2`, f.ID, f.Version)
	if err != nil {
		return fmt.Errorf("read published form: %w", err)
	}
	if hash != f.Hash() {
		return fmt.Errorf("version %d of %s was published with other content: %w", f.Version, f.ID, ErrExists)
	}
	return nil
}

// NewestVersion is the newest published version of the form.
func (s *Store) NewestVersion(ctx context.Context, form string) (int, error) {
	var version int
	err := s.db.GetContext(ctx, &version, `SELECT version FROM form_versions WHERE form = $1 ORDER BY version DESC LIMIT 1`, form)
	if err != nil {
		return 0, fmt.Errorf("find newest version: %w", notFound(err))
	}
	return version, nil
}

// PublishedVersions lists the published versions of the form, the oldest first.
func (s *Store) PublishedVersions(ctx context.Context, form string) ([]int, error) {
	var versions []int
	err := s.db.SelectContext(ctx, &versions, `SELECT version FROM form_versions WHERE form = $1 ORDER BY version`, form)
	if err != nil {
		return nil, fmt.Errorf("list versions: %w", err)
	}
	return versions, nil
}

// FormSource is the definition as it was published; ErrNotFound if that
// version never was.
func (s *Store) FormSource(ctx context.Context, form string, version int) ([]byte, error) {
	var source []byte
	err := s.db.GetContext(ctx, &source, `SELECT source FROM form_versions WHERE form = $1 AND version = $2`, form, version)
	if err != nil {
		return nil, fmt.Errorf("read published form: %w", notFound(err))
	}
	return source, nil
}

// CountEnding counts a path that ended without a submission.
func (s *Store) CountEnding(ctx context.Context, form, page string, day time.Time) error {
	_, err := s.db.ExecContext(ctx, `INSERT INTO endings (form, page, day, n) VALUES ($1, $2, $3, 1)
		ON CONFLICT (form, page, day) DO UPDATE SET n = endings.n + 1`, form, page, day)
	if err != nil {
		return fmt.Errorf("count ending: %w", err)
	}
	return nil
}

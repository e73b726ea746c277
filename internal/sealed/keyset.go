// Package sealed keeps what must not be read by a thief of the database:
// sealing of personal data bound to its row and column, blind indexes for
// looking a value up without keeping it, small sealed tokens, the four-word
// phrases of drafts, and password hashes. It is pure: it knows neither the
// database nor HTTP, and imports no other package of the portal.
package sealed

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/prf"
	tinkpb "github.com/tink-crypto/tink-go/v2/proto/tink_go_proto"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// ErrKeyset is what a text that is not a usable keyset gives. Its message and
// those that wrap it never quote the text.
var ErrKeyset = errors.New("this is not a usable keyset; make one with `portal keyset new` and set PORTAL_KEYSET to the whole line")

const redacted = "[sealing keys, not shown]"

// Keyset holds the keys that seal and index. It may hold several of each: the
// newest (primary) key is used for writing, all of them for reading, so that
// keys can be changed without sealing everything again. It is safe for use by
// several goroutines, and no way of printing it shows a key; only Export does.
type Keyset struct {
	sealing  *keyset.Handle
	indexing *keyset.Handle

	aead tink.AEAD
	prfs *prf.Set
}

// exported is the text form of a keyset, inside its base64.
type exported struct {
	Version  int             `json:"version"`
	Sealing  json.RawMessage `json:"sealing"`
	Indexing json.RawMessage `json:"indexing"`
}

const exportVersion = 1

// New makes a keyset with one new random key of each sort: AES-256-GCM for
// sealing, HMAC-SHA-256 for blind indexes.
func New() (*Keyset, error) {
	sealing, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		return nil, fmt.Errorf("make a sealing key: %w", err)
	}
	indexing, err := keyset.NewHandle(prf.HMACSHA256PRFKeyTemplate())
	if err != nil {
		return nil, fmt.Errorf("make an indexing key: %w", err)
	}
	return fromHandles(sealing, indexing)
}

// Parse reads what Export wrote, with or without white space around it. Any
// fault is errors.Is ErrKeyset.
func Parse(text string) (*Keyset, error) {
	raw, err := base64.RawURLEncoding.DecodeString(strings.TrimSpace(text))
	if err != nil {
		return nil, fmt.Errorf("%w (it is cut short or has a wrong character)", ErrKeyset)
	}
	var parts exported
	if err := json.Unmarshal(raw, &parts); err != nil {
		return nil, fmt.Errorf("%w (it is cut short or damaged)", ErrKeyset)
	}
	if parts.Version != exportVersion {
		return nil, fmt.Errorf("%w (it is of version %d, and this portal reads version %d)", ErrKeyset, parts.Version, exportVersion)
	}
	sealing, err := readHandle(parts.Sealing)
	if err != nil {
		return nil, fmt.Errorf("%w (its sealing keys are damaged)", ErrKeyset)
	}
	indexing, err := readHandle(parts.Indexing)
	if err != nil {
		return nil, fmt.Errorf("%w (its indexing keys are damaged)", ErrKeyset)
	}
	k, err := fromHandles(sealing, indexing)
	if err != nil {
		return nil, fmt.Errorf("%w (its keys are not of the right sort)", ErrKeyset)
	}
	return k, nil
}

func fromHandles(sealing, indexing *keyset.Handle) (*Keyset, error) {
	seal, err := aead.New(sealing)
	if err != nil {
		return nil, fmt.Errorf("use the sealing keys: %w", err)
	}
	prfs, err := prf.NewPRFSet(indexing)
	if err != nil {
		return nil, fmt.Errorf("use the indexing keys: %w", err)
	}
	// Tried once here, so that computing an index can't fail later.
	for id, key := range prfs.PRFs {
		if _, err := key.ComputePRF(nil, indexBytes); err != nil {
			return nil, fmt.Errorf("use indexing key %d: %w", id, err)
		}
	}
	return &Keyset{sealing: sealing, indexing: indexing, aead: seal, prfs: prfs}, nil
}

// Rotate returns a keyset with a new primary key of each sort that still
// opens, and finds by BlindIndexes and DraftKeys, everything that k made.
// Processes that still run with k can't open what the new one seals.
func (k *Keyset) Rotate() (*Keyset, error) {
	sealing, err := withNewPrimary(k.sealing, aead.AES256GCMKeyTemplate())
	if err != nil {
		return nil, fmt.Errorf("add a sealing key: %w", err)
	}
	indexing, err := withNewPrimary(k.indexing, prf.HMACSHA256PRFKeyTemplate())
	if err != nil {
		return nil, fmt.Errorf("add an indexing key: %w", err)
	}
	return fromHandles(sealing, indexing)
}

func withNewPrimary(old *keyset.Handle, template *tinkpb.KeyTemplate) (*keyset.Handle, error) {
	manager := keyset.NewManagerFromHandle(old)
	id, err := manager.Add(template)
	if err != nil {
		return nil, err
	}
	if err := manager.SetPrimary(id); err != nil {
		return nil, err
	}
	return manager.Handle()
}

// Export gives the keyset as one printable line, for PORTAL_KEYSET. The line
// is the secret itself.
func (k *Keyset) Export() (string, error) {
	sealing, err := writeHandle(k.sealing)
	if err != nil {
		return "", fmt.Errorf("write the sealing keys: %w", err)
	}
	indexing, err := writeHandle(k.indexing)
	if err != nil {
		return "", fmt.Errorf("write the indexing keys: %w", err)
	}
	raw, err := json.Marshal(exported{Version: exportVersion, Sealing: sealing, Indexing: indexing})
	if err != nil {
		return "", fmt.Errorf("write the keyset: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(raw), nil
}

func readHandle(raw []byte) (*keyset.Handle, error) {
	return insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(raw)))
}

func writeHandle(handle *keyset.Handle) ([]byte, error) {
	var raw bytes.Buffer
	if err := insecurecleartextkeyset.Write(handle, keyset.NewJSONWriter(&raw)); err != nil {
		return nil, err
	}
	return raw.Bytes(), nil
}

// Format answers every verb of fmt, so that no key is printed by accident.
func (k *Keyset) Format(out fmt.State, _ rune) { _, _ = io.WriteString(out, redacted) }

// LogValue keeps the keys out of logs.
func (k *Keyset) LogValue() slog.Value { return slog.StringValue(redacted) }

// indexingKeys lists the ids of the indexing keys, the primary first.
func (k *Keyset) indexingKeys() []uint32 {
	ids := []uint32{k.prfs.PrimaryID}
	for id := range k.prfs.PRFs {
		if id != k.prfs.PrimaryID {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids[1:])
	return ids
}

// Package car reads CAR files, the containers of the blocks of a repository, as commits
// on a stream carry them. The files come from strangers: nothing is allocated beyond the
// length of the input, and no block is handed out whose hash is not the one in its name.
//
// https://atproto.com/specs/repository#car-file-serialization
// https://ipld.io/specs/transport/car/carv1/
package car

import (
	"errors"

	"github.com/parvis-go/parvis/providers/bluesky/internal/cbor"
)

// MaxBlocks is how many blocks a file may have. The commits of a stream hold at most 200
// records and the path to each of them.
//
// https://atproto.com/specs/sync#firehose
const MaxBlocks = 10000

// The ways in which a file is refused.
var (
	// ErrForm is input that is no CAR file of version 1.
	ErrForm = errors.New("car: the input is no CAR file")
	// ErrMany is a file with more than [MaxBlocks] blocks.
	ErrMany = errors.New("car: the file has too many blocks")
	// ErrMissing is a block that the file does not have.
	ErrMissing = errors.New("car: the file lacks a block")
	// ErrHash is a block whose content is not what its name says.
	ErrHash = errors.New("car: a block is not what its name says")
)

// A File is a CAR file. Its blocks point into the input.
type File struct {
	roots  []cbor.CID
	blocks []block
}

type block struct {
	id   cbor.CID
	data []byte
}

// Read reads the file in b, which must not change as long as the File is used. The hashes
// of blocks are checked when they are asked for.
func Read(b []byte) (*File, error) {
	head, b, err := section(b)
	if err != nil {
		return nil, err
	}
	f := &File{}
	if f.roots, err = header(head); err != nil {
		return nil, err
	}
	for len(b) > 0 {
		var part []byte
		if part, b, err = section(b); err != nil {
			return nil, err
		}
		id, data, err := cbor.ReadCID(part)
		if err != nil {
			return nil, err
		}
		if len(f.blocks) == MaxBlocks {
			return nil, ErrMany
		}
		f.blocks = append(f.blocks, block{id, data})
	}
	return f, nil
}

// Roots returns the CIDs that the header names.
func (f *File) Roots() []cbor.CID { return f.roots }

// Block returns the content of a block: [ErrMissing] if the file does not have it, and
// [ErrHash] if it is not what id says.
func (f *File) Block(id cbor.CID) ([]byte, error) {
	for i := range f.blocks {
		if f.blocks[i].id != id {
			continue
		}
		if !id.Names(f.blocks[i].data) {
			return nil, ErrHash
		}
		return f.blocks[i].data, nil
	}
	return nil, ErrMissing
}

// section cuts off one part: its length as a varint, and so many bytes.
func section(b []byte) (part, rest []byte, err error) {
	var n uint64
	for i, c := range b {
		if i == 9 || i > 0 && c == 0 {
			break // longer than any length, or than need be
		}
		n |= uint64(c&0x7f) << (7 * i)
		if c < 0x80 {
			b = b[i+1:]
			if n == 0 || n > uint64(len(b)) {
				return nil, nil, ErrForm
			}
			return b[:n], b[n:], nil
		}
	}
	return nil, nil, ErrForm
}

// header reads {"roots": […], "version": 1}.
func header(b []byte) ([]cbor.CID, error) {
	r := cbor.NewReader(b)
	n, err := r.Map()
	if err != nil {
		return nil, err
	}
	var roots []cbor.CID
	version := int64(0)
	for range n {
		key, err := r.Text()
		if err != nil {
			return nil, err
		}
		switch string(key) {
		case "version":
			version, err = r.Int()
		case "roots":
			roots, err = links(r)
		default:
			err = r.Skip()
		}
		if err != nil {
			return nil, err
		}
	}
	if version != 1 || len(r.Rest()) > 0 {
		return nil, ErrForm
	}
	return roots, nil
}

func links(r *cbor.Reader) ([]cbor.CID, error) {
	n, err := r.Array()
	if err != nil {
		return nil, err
	}
	var out []cbor.CID
	for range n {
		id, err := r.Link()
		if err != nil {
			return nil, err
		}
		out = append(out, id)
	}
	return out, nil
}

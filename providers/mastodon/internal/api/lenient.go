package api

import (
	"encoding/json"
	"errors"
)

// lenient decodes JSON and leaves fields empty whose type is another than the documented
// one, as servers that only resemble Mastodon have them.
func lenient[T any](b []byte) (T, error) {
	var v T
	err := json.Unmarshal(b, &v)
	if _, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return v, nil
	}
	return v, err
}

var errNoID = errors.New("it has no id")

func wholeLenient[T any](b []byte) (Whole[T], error) {
	v, err := lenient[T](b)
	return Whole[T]{v, b}, err
}

func wholesLenient[T any](b []byte) ([]Whole[T], error) {
	raws, err := into[[]json.RawMessage](b)
	if err != nil {
		return nil, err
	}
	all := make([]Whole[T], len(raws))
	for i, raw := range raws {
		if all[i], err = wholeLenient[T](raw); err != nil {
			return nil, err
		}
	}
	return all, nil
}

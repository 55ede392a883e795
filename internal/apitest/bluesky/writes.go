package blueskytest

import (
	"cmp"
	"strconv"
)

// maxWrites is how many writes one call may hold.
const maxWrites = 200

var (
	writeKinds  = []string{"com.atproto.repo.applyWrites#create", "com.atproto.repo.applyWrites#update", "com.atproto.repo.applyWrites#delete"}
	writeFields = map[string]node{"collection": str{format: isNSID}, "rkey": str{format: isKey}, "value": anything{}}
	writeInput  = union{order: writeKinds, of: map[string]node{
		"com.atproto.repo.applyWrites#create": object{[]string{"collection", "value"}, writeFields},
		"com.atproto.repo.applyWrites#update": object{[]string{"collection", "rkey", "value"}, writeFields},
		"com.atproto.repo.applyWrites#delete": object{[]string{"collection", "rkey"}, writeFields},
	}}
)

// applyWrites does all or nothing.
func applyWrites(c *call) (any, error) {
	a, err := c.own()
	if err != nil {
		return nil, err
	}
	writes, _ := c.in["writes"].([]any)
	if len(writes) > maxWrites {
		return nil, invalid("Too many writes. Max: " + strconv.Itoa(maxWrites))
	}
	before := append([]*record(nil), c.s.db.records...)
	results := []obj{}
	for _, w := range writes {
		out, err := c.apply(a, w.(obj))
		if err != nil {
			c.s.db.records = before
			return nil, err
		}
		results = append(results, out)
	}
	return obj{"commit": c.commit(), "results": results}, nil
}

func (c *call) apply(a *account, w obj) (obj, error) {
	v := sub(w, "value")
	old := c.s.db.at(a.did, text(w, "collection"), text(w, "rkey"))
	kind := kindOf(w)
	if (kind == "com.atproto.repo.applyWrites#create") != (old == nil) {
		return nil, errInternal // what is there cannot be made, and what is not cannot be changed
	}
	if kind == "com.atproto.repo.applyWrites#delete" {
		c.s.drop(old)
		return obj{"$type": kind + "Result"}, nil
	}
	asked, given := c.in["validate"].(bool)
	out, _, err := c.write(a, change{text(w, "collection"), cmp.Or(text(w, "rkey"), c.s.tid()), v, asked || !given})
	if err != nil {
		return nil, err
	}
	out["$type"] = kind + "Result"
	return out, nil
}

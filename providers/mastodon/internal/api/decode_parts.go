package api

func (d *scanner) media() []Media {
	var all []Media
	d.array(func(d *scanner) {
		all = append(all, Media{})
		m := &all[len(all)-1]
		d.object(func(d *scanner, key string) { d.mediaField(m, key) })
	})
	return all
}

func (d *scanner) mediaField(m *Media, key string) {
	switch key {
	case "id":
		m.ID = d.text()
	case "type":
		m.Type = d.text()
	case "url":
		m.URL = d.text()
	case "preview_url":
		m.PreviewURL = d.text()
	case "remote_url":
		m.RemoteURL = d.text()
	case "description":
		m.Description = d.text()
	case "meta":
		m.Meta = Meta{}
		d.object(func(d *scanner, key string) {
			if key == "focus" {
				m.Meta.Focus = d.focus()
				return
			}
			d.skip()
		})
	default:
		d.skip()
	}
}

func (d *scanner) focus() *Focus {
	if d.peek() != '{' {
		d.skip()
		return nil
	}
	f := new(Focus)
	d.object(func(d *scanner, key string) {
		switch key {
		case "x":
			f.X = d.float()
		case "y":
			f.Y = d.float()
		default:
			d.skip()
		}
	})
	return f
}

func (d *scanner) mentions() []Mention {
	var all []Mention
	d.array(func(d *scanner) {
		all = append(all, Mention{})
		m := &all[len(all)-1]
		d.object(func(d *scanner, key string) {
			switch key {
			case "id":
				m.ID = d.text()
			case "username":
				m.Username = d.text()
			case "acct":
				m.Acct = d.text()
			case "url":
				m.URL = d.text()
			default:
				d.skip()
			}
		})
	})
	return all
}

func (d *scanner) quote() *Quote {
	if d.peek() != '{' {
		d.skip()
		return nil
	}
	q := new(Quote)
	d.object(func(d *scanner, key string) {
		switch key {
		case "state":
			q.State = d.text()
		case "quoted_status_id":
			q.QuotedStatusID = d.text()
		case "quoted_status":
			q.QuotedStatus = d.inner()
		default:
			d.skip()
		}
	})
	return q
}

// notification takes a notification into n, which must be empty.
func (d *scanner) notification(n *Notification) {
	d.peek()
	start := d.i
	if d.object(func(d *scanner, key string) { d.notificationField(n, key) }) {
		n.Raw = d.b[start:d.i:d.i]
	}
}

func (d *scanner) notificationField(n *Notification, key string) {
	switch key {
	case "id":
		n.ID = d.text()
	case "type":
		n.Type = d.text()
	case "created_at":
		n.CreatedAt = d.text()
	case "account":
		n.Account = Account{}
		d.account(&n.Account)
	case "status":
		n.Status = d.inner()
	case "emoji":
		n.Emoji = d.text()
	case "report":
		n.Report = rare[Report](d)
	case "moderation_warning":
		n.Warning = rare[Warning](d)
	default:
		d.skip()
	}
}

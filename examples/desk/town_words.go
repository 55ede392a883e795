package main

import "github.com/parvis-go/parvis/publish"

// cast is everybody in town, but for the spammer.
var cast = []struct{ handle, name string }{
	{"ana", "Ana Ferreira"},
	{"bruno", "Bruno Petit"},
	{"chloe", "Chloé Dubois"},
	{"dmitri", "Dmitri L."},
	{"emma_w", "Emma Wright"},
	{"farid", "Farid B."},
	{"gwen", "Gwen ar Goff"},
	{"hugo78", "Hugo"},
}

// firstPosts are what each client said before the desk opened, oldest first.
var firstPosts = map[string][]publish.Draft{
	"acme": {
		{
			Title: "Portes ouvertes samedi", Lang: "fr",
			Text: "Samedi, l’atelier ouvre ses portes de 10 h à 18 h. Venez voir souffler le verre, four allumé, café offert.",
		},
		{
			Title: "A new colour", Lang: "en",
			Text: "We have a new blue. It took eleven melts and one burnt apron. The first twelve carafes are in the shop on Friday.",
		},
	},
	"boulangerie-martin": {
		{
			Title: "La galette revient", Lang: "fr",
			Text: "La galette revient dès jeudi : frangipane, pomme, et une fève peinte par l’école du quartier. Réservez au comptoir.",
		},
		{
			Title: "Horaires de la semaine", Lang: "fr",
			Text: "Cette semaine nous ouvrons à 6 h 30 et fermons à 19 h 30. Fermé mercredi : on ramone le four.",
		},
	},
}

// sayings are what people say, by client and mood. "any" is said to everybody.
var sayings = map[string]map[string][]string{
	"any": {
		"praise": {
			"Bravo à toute l’équipe, quel accueil !",
			"Lovely people. I came for five minutes and stayed an hour.",
			"Toujours un plaisir de vous lire 👏",
		},
		"ask": {
			"C’est ouvert le dimanche aussi ?",
			"Do you take cards, or cash only?",
			"Accessible en fauteuil roulant ?",
		},
		"complain": {
			"J’ai appelé trois fois, personne ne répond. C’est pénible.",
			"Third email without an answer. Is anybody reading this?",
		},
		"chat": {
			"Ah, il va pleuvoir samedi… on viendra quand même ☔",
			"@emma_w tu viens avec moi ?",
			"Sharing this with the whole street.",
		},
		"spam": {
			"💰 Gagnez 300 € par jour sans bouger de chez vous → https://deals.example/win",
			"CHEAP WATCHES!!! Best replica, ship today >>> https://deals.example/w?id=77",
			`<script>alert("owned")</script><img src=x onerror="alert(1)"> <b>FREE</b> gift card, click here`,
		},
		"message": {
			"Bonjour, est-ce que je peux vous envoyer une photo en privé ?",
			"Hello, I have lost my receipt. Can you help?",
		},
		"mention": {
			"Belle découverte ce week-end. Allez-y.",
			"Found the nicest place in town today.",
		},
	},
	"acme": {
		"praise": {
			"Le bleu est encore plus beau en vrai.",
			"My carafe survived a house move and two toddlers. Solid work.",
		},
		"ask": {
			"Peut-on souffler sa propre boule, avec un enfant de 8 ans ?",
			"Is the new blue dishwasher safe?",
			"Vous livrez en Belgique ?",
		},
		"complain": {
			"Mon vase est arrivé fêlé. Qui dois-je contacter ?",
			"45 € for a glass, seriously?",
		},
		"message": {"Bonjour, commande 1182 : toujours rien reçu depuis mardi."},
		"mention": {"Watching glass being blown is better than television."},
	},
	"boulangerie-martin": {
		"praise": {
			"La meilleure baguette du quartier, et de loin 🥖",
			"Your rye bread made my Sunday.",
		},
		"ask": {
			"Il y a des noix dans la galette aux pommes ? Ma fille est allergique.",
			"Can I order forty croissants for Monday morning?",
			"Le pain sans gluten, c’est quels jours ?",
		},
		"complain": {
			"Plus de pain complet à 17 h, encore. Prévoyez plus !",
			"Queue out of the door and one person serving. Again.",
		},
		"message": {"Bonjour, peut-on annuler la commande au nom de Leroy pour demain ?"},
		"mention": {"Croissants tièdes à 6 h 31. La vie est belle."},
	},
}

package redact

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

var wordPattern = regexp.MustCompile(`\pL[\pL\pM'’-]*`)

// word is a word of the text: its place in plain, and how it stands there.
type word struct {
	start, end int
	text       string // without a ’s at its end, as start and end
	lower      string
	opens      bool // it begins a sentence
	named      bool // it seems to be a name, or a part of one
}

// names finds what is likely to be people's names: what follows a title,
// capitalised words within a sentence, and common first names in whatever
// case. It errs towards finding too much.
func (f *finding) names(ordinary []string) {
	usual := map[string]bool{}
	for _, name := range ordinary {
		for _, part := range wordPattern.FindAllString(name, -1) {
			usual[strings.ToLower(part)] = true
		}
	}
	words := f.words()
	shouting := isShouting(words)
	for i := range words {
		w := &words[i]
		switch {
		case isOrdinary(w.lower, usual):
		case w.lower == "oliver" && i+1 < len(words) && words[i+1].lower == "mcgowan": // the training that everybody has
		case firstNames[w.lower]:
			w.named = true
		case w.opens || shouting || !w.isCapitalised():
		default:
			w.named = true
		}
	}
	f.titled(words)
	f.joinNames(words)
}

// isOrdinary knows several of a thing too, and what it is a part of: Mondays,
// Polish-speaking.
func isOrdinary(lower string, usual map[string]bool) bool {
	first, _, _ := strings.Cut(lower, "-")
	for _, form := range []string{lower, strings.TrimSuffix(lower, "s"), first} {
		if usual[form] || ordinaryWords[form] {
			return true
		}
	}
	return false
}

func (f *finding) words() []word {
	var words []word
	last := 0
	for _, loc := range wordPattern.FindAllIndex(f.plain, -1) {
		text := strings.TrimRight(string(f.plain[loc[0]:loc[1]]), "'’-")
		for _, s := range []string{"'s", "’s"} {
			text = strings.TrimSuffix(text, s)
		}
		words = append(words, word{
			start: loc[0], end: loc[0] + len(text), text: text, lower: strings.ToLower(strings.ReplaceAll(text, "’", "'")),
			opens: opensSentence(string(f.plain[last:loc[0]]), last == 0),
		})
		last = loc[1]
	}
	return words
}

// opensSentence tells from what stands between a word and the one before it
// whether it begins a sentence, a line, or an item of a list.
func opensSentence(between string, first bool) bool {
	if strings.ContainsRune(between, gone) {
		return false
	}
	return first || strings.ContainsAny(between, ".!?:;\n•“\"(…") || strings.Contains(between, " - ") || strings.Contains(between, "– ")
}

// isCapitalised tells a name from an abbreviation such as NHS. Scripts without
// capitals have none.
func (w *word) isCapitalised() bool {
	first, size := utf8.DecodeRuneInString(w.text)
	rest := w.text[size:]
	return unicode.IsUpper(first) && strings.ContainsFunc(rest, unicode.IsLower) && len(rest) > 1
}

// isShouting tells that capitals say nothing, since nearly all is in capitals,
// or every word begins with one.
func isShouting(words []word) bool {
	capitals := 0
	for _, w := range words {
		if first, _ := utf8.DecodeRuneInString(w.text); unicode.IsUpper(first) {
			capitals++
		}
	}
	return len(words) > 5 && capitals*10 > len(words)*8
}

// titled takes the word after a title for a name, and the title with it. In
// small letters some titles are words of their own: "I miss ...".
func (f *finding) titled(words []word) {
	for i := range len(words) - 1 {
		title, next := &words[i], &words[i+1]
		between := string(f.plain[title.end:next.start])
		alwaysTitle, known := titles[title.lower]
		if !known || strings.TrimLeft(between, ".") != " " && between != "." {
			continue
		}
		capitalised := next.isCapitalised()
		if capitalised && unicode.IsUpper(rune(title.text[0])) || alwaysTitle && !afterTitle[next.lower] {
			title.named, next.named = true, true
		}
	}
}

// joinNames makes one span of names that stand together: "Sarah Jones".
func (f *finding) joinNames(words []word) {
	for i := 0; i < len(words); i++ {
		if !words[i].named {
			continue
		}
		start, end := words[i].start, words[i].end
		for i+1 < len(words) && words[i+1].named && words[i].isBeside(string(f.plain[end:words[i+1].start])) {
			i++
			end = words[i].end
		}
		f.add(start, end, Name)
	}
}

// isBeside tells from what stands after a part of a name whether it goes on.
func (w *word) isBeside(between string) bool {
	_, isTitle := titles[w.lower]
	return between == " " || isTitle && strings.TrimLeft(between, ".") == " " || isTitle && between == "."
}

// titles tells whether a word is a title in whatever case, or only with a
// capital before a capital.
var titles = map[string]bool{"mr": true, "mrs": true, "ms": false, "miss": false, "mx": false, "dr": true, "prof": false,
	"doctor": false, "matron": false, "sister": false, "nurse": false, "uncle": false, "auntie": false, "aunty": false}

// afterTitle are words that follow "the dr" and the like.
var afterTitle = set(`a about after and are arrives arrived as at before but came can come comes did does for from gave gives had has
	he her his i if in is it leaves left my of on or our said says she should so surgery that the their they to told visit visits was we were
	when who will with would appointment appointments`)

// ordinaryWords have capitals and are nobody's name.
var ordinaryWords = set(`i i'm i've i'd i'll
	monday tuesday wednesday thursday friday saturday sunday mon tue tues wed thu thur thurs fri sat sun
	january february march april may june july august september october november december jan feb mar apr jun jul aug sept oct nov dec
	christmas xmas easter eid ramadan diwali halloween hanukkah new year eve boxing bank holiday
	english polish romanian portuguese hindi malayalam bengali urdu arabic shona yoruba tagalog punjabi gujarati tamil turkish spanish
	french german italian lithuanian bulgarian hungarian russian ukrainian welsh scottish irish british european african asian indian
	pakistani bangladeshi filipino nigerian zimbabwean ghanaian kenyan caribbean chinese nepali
	britain england wales scotland ireland london essex europe uk brexit kingdom united african africa asia india poland romania nigeria
	zimbabwe philippines ghana kenya
	nhs cqc ppe nvq qcf gp gps hr dbs rcn unison council government parliament covid corona alzheimer alzheimer's parkinson parkinson's
	care carer carers support worker workers manager managers senior nurse nurses doctor doctors home homes hospital certificate level
	mcgowan training district community social services service safeguarding act team teams office agency company living wage
	whatsapp zoom google facebook internet excel word microsoft iphone android app tesco asda aldi lidl amazon uber
	mr mrs ms miss mx dr prof mum dad god bible quran more less better pay time people staff residents clients yes no ok please thank thanks`)

// firstNames are common ones that are no words of their own, in many of the
// languages that care workers speak.
var firstNames = set(`aaron abbie abdul abigail adam adrian agnes agnieszka ahmed aisha alan alana albert alejandro aleksandra alex
	alexander alexandra alfie alice alicia alison amanda amelia amina amy ana andrea andreea andrew andrzej angela anil anita anjali ann anna
	anne annette anthony antonio arthur ashley asif ayesha barbara barry beata ben benjamin bernadette beth bethany beverley brenda
	brian bridget callum cameron carmen caroline catherine charlene charles charlie charlotte chelsea chinedu chipo chloe chris
	christina christine christopher claire clare colin connor craig cristina cristina daniel danielle darren dave david dawid
	deborah debbie deepa denise derek diana diane dominic donna doreen dorota dorothy dylan edward eileen elaine eleanor elena elizabeth
	ella ellen ellie emily emma eric erin esther ethan eva evelyn ewa fatima fatma felicity femi fiona florence folake francesca gary gavin
	gemma geoff george georgia gillian gloria gordon graham greg gurpreet hannah harold harpreet harriet harry hassan hayley
	helen henry hilary hussain ian ibrahim imran ioana irene isaac isabel isabella jackie jacob jacqueline jade jake james jamie jane
	janet janice jasmine jason jayne jean jeff jennifer jenny jeremy jerry jessica jill joan joanna joanne joe joel john jonathan
	jordan jose joseph josephine josh joshua juan judith julia julian julie justin kamila karen karim karl kasia katarzyna kate katherine
	kathleen kathryn katie kayleigh keith kelly ken kenneth kerry kevin khadija khalid kieran kim krishna krzysztof kumar kyle lakshmi laura
	lauren leah leanne lee leon leonard lesley leslie lewis liam linda lindsay lisa liz lorraine louis louise lucy luke lynda lynn
	lynne magdalena maggie malcolm malgorzata mandy marcin marek margaret maria marian marie marilyn marion marjorie martin martyna
	mary mateusz matt matthew maureen maxine megan melanie melissa michael michal michelle mihai mike mohamed mohammed molly monica monika
	muhammad nadia nadine naomi natalie natasha nathan neil ngozi niamh nicholas nick nicola nicole nigel nikita noel nora norma norman
	oksana olga oliver olivia oluwaseun omar oscar owen pamela patricia patrick paul paula pauline pawel peter phil philip phillip phoebe
	piotr poonam pradeep priya rachael rachel raj rajesh rebecca rhys ricardo richard ricky rita robert robin rodney rohan ronald rory
	rosemary rosie ross roy rukhsana rupinder russell ruth ryan sally samantha samuel sandeep sandra sanjay sara sarah scott sean sebastian
	shannon sharon shaun sheila shelley sheryl shirley siobhan simon sofia sophia sophie stacey stanley stella stephanie stephen steve steven
	stuart sunita susan suzanne sylvia tamara tanya tariq tatenda tendai teresa terence terry theresa thomas tim timothy tina toby tom tomasz tony
	tracey tracy trevor tyler valerie vanessa vera veronica victoria vijay vikram vincent violet wanda wayne wendy william yasmin yvonne
	zainab zara zoe zofia`)

func set(words string) map[string]bool {
	out := map[string]bool{}
	for _, w := range strings.Fields(words) {
		out[w] = true
	}
	return out
}

// The grammar behind synthetic-plays, from the play down to the speech.
// Not the lines of a speech: PlayVerse writes those.

/// Writes plays, one after another, to `text`.
struct PlayWriter {
  /// What was written so far: ASCII.
  var text = ""
  var random: SplitMix64
  /// Who appears in the play; the first is the hero.
  private var cast: [Int] = []
  /// Who is on the stage, as indices into `PlayWords.names`.
  private var present: [Int] = []
  /// What the scene is about, as indices into `PlayWords.nouns`.
  var topics: [Int] = []
  /// The realm of the play.
  var place = ""
  /// The hero's name.
  var hero = ""

  init(seed: UInt64) {
    random = SplitMix64(seed: seed)
  }

  /// Writes a play, or as much of it as is needed for `length` characters in all.
  mutating func writePlay(until length: Int) {
    cast = draw(6 + random.next(below: 4), from: PlayWords.names.count)
    place = pick(PlayWords.places)
    hero = PlayWords.names[cast[0]]
    let genre = pick(PlayWords.genres)
    let rank = pick(PlayWords.ranks).uppercased()
    text += "THE \(genre) OF \(hero.uppercased()), \(rank) OF \(place.uppercased())\n\n"
    for act in PlayWords.numerals {
      text += "ACT \(act)\n\n"
      for scene in PlayWords.numerals.prefix(2 + random.next(below: 3)) {
        text += "SCENE \(scene). \(pick(PlayWords.scenes)) of \(place).\n\n"
        writeScene()
        if text.utf8.count >= length { return }
      }
    }
  }

  private mutating func writeScene() {
    topics = draw(3, from: PlayWords.nouns.count)
    present = draw(2 + random.next(below: 3), from: cast.count).map { cast[$0] }
    writeStage("Enter", present)
    var speaker = present[0]
    var listener = present[1]
    let turns = 10 + random.next(below: 14)
    for turn in 0..<turns {
      writeSpeech(speaker, to: listener, isReply: turn > 0)
      if turn % 7 == 6 && turn < turns - 2 { changeStage(keeping: [speaker, listener]) }
      // Mostly the one spoken to answers; else somebody else present breaks in.
      let previous = speaker
      speaker = chance(3, in: 4) ? listener : other(than: [speaker])
      listener = speaker != previous && chance(3, in: 4) ? previous : other(than: [speaker])
    }
    text += chance(1, in: 6) ? "[Alarum within. Exeunt all.]\n\n" : "[Exeunt.]\n\n"
  }

  /// Lets somebody of the play come, or somebody who is not needed go.
  private mutating func changeStage(keeping needed: [Int]) {
    if let leaving = present.first(where: { !needed.contains($0) }), chance(1, in: 2) {
      present.removeAll { $0 == leaving }
      writeStage("Exit", [leaving])
    } else if let coming = cast.first(where: { !present.contains($0) }) {
      present.append(coming)
      writeStage("Enter", [coming])
    }
  }

  private mutating func writeStage(_ word: String, _ people: [Int]) {
    let names = people.map { PlayWords.names[$0].uppercased() }
    let list =
      names.count == 1
      ? names[0] : names.dropLast().joined(separator: ", ") + " and " + names[names.count - 1]
    text += "[\(word) \(list).]\n\n"
  }

  private mutating func writeSpeech(_ speaker: Int, to listener: Int, isReply: Bool) {
    let aside = chance(1, in: 14) ? " (aside)" : ""
    text += "\(PlayWords.names[speaker].uppercased())\(aside):\n"
    let listenerName = PlayWords.names[listener]
    if isReply && chance(1, in: 2) {
      text += "\(pick(PlayWords.replies)), \(chance(1, in: 2) ? "good " : "")\(listenerName)"
      text += chance(1, in: 5) ? "!\n" : ".\n"
    }
    if chance(1, in: 4) {
      // The oath belongs to its speaker: it can be known only from the head of the speech.
      text += "By my \(PlayWords.nouns[2 * speaker]), "
      writeClause(to: listenerName)
      text += ".\n"
    }
    let lines = 1 + min(random.next(below: 7), random.next(below: 7))
    for line in 1...lines {
      writeLine(to: listenerName, isLast: line == lines)
    }
    if chance(1, in: 4) { writeCouplet() }
    text += "\n"
  }

  /// Somebody on the stage who is not one of `excluded`.
  private mutating func other(than excluded: [Int]) -> Int {
    let others = present.filter { !excluded.contains($0) }
    return others[random.next(below: others.count)]
  }

  /// `count` different numbers below `bound`, in the order drawn.
  private mutating func draw(_ count: Int, from bound: Int) -> [Int] {
    var numbers = Array(0..<bound)
    for i in 0..<min(count, bound) {
      numbers.swapAt(i, i + random.next(below: bound - i))
    }
    return Array(numbers.prefix(count))
  }

  /// True `times` times in `bound`.
  mutating func chance(_ times: Int, in bound: Int) -> Bool {
    random.next(below: bound) < times
  }

  /// One of `words`, the earlier ones more often.
  mutating func pick(_ words: [String]) -> String {
    words[min(random.next(below: words.count), random.next(below: words.count))]
  }
}

// The lines of a speech in synthetic-plays: clauses, agreement of subject and verb, couplets.
// Who speaks, and when, is PlayWriter's.

extension PlayWriter {
  /// A line that begins with a capital and ends with punctuation and a newline.
  mutating func writeLine(to listener: String, isLast: Bool) {
    switch random.next(below: 14) {
    case 0:
      text += "O \(adjective()) \(noun()), what \(noun()) hath \(past(verb())) thee?\n"
      return
    case 1:
      text += "Where is the \(noun()) that \(third(verb())) \(possessive()) \(noun())?\n"
      return
    case 2:
      text += "Go, \(verb()) the \(adjective()) \(noun()) of \(place)!\n"
      return
    case 3:
      text += "I pray thee, \(listener), \(verb()) not \(possessive()) \(noun())"
    case 4:
      text += "'Tis not the \(noun()), but the \(adjective()) \(noun()) of \(hero)"
    case 5: text += "No \(noun()), no \(noun()), and no \(phrase())"
    case 6: text += "How \(adjective()) the \(noun()), and how \(adjective()) the \(noun())"
    default:
      let start = text.utf8.count
      if chance(1, in: 4) { text += pick(PlayWords.conjunctions) + " " }
      writeClause(to: listener)
      capitalise(from: start)
    }
    if isLast {
      text += chance(1, in: 5) ? "!\n" : ".\n"
    } else {
      let marks = [",", ",", ",", ";", ".", ":", " -"]
      text += marks[random.next(below: marks.count)] + "\n"
    }
  }

  /// A clause without a capital or a final mark; its verb agrees with its subject.
  mutating func writeClause(to listener: String) {
    switch random.next(below: 11) {
    case 0: text += "I \(adverb())\(verb()) the \(noun()) \(place(of: listener))"
    case 1: text += "thou \(adverb())\(second(verb())) \(possessive()) \(phrase())"
    case 2: text += "the \(noun()) of \(place) \(third(verb())) \(possessive()) \(phrase())"
    case 3:
      let subject = pick(PlayWords.plurals)
      text += "\(subject.lowercased()) \(verb()) the \(noun()) \(preposition()) the \(noun())"
    case 4:
      text += "if I \(verb()) thee, then thou \(second(verb())) the \(noun())"
    case 5:
      text += "thy \(noun()) is \(adjective()), but my \(noun()) is \(adjective())"
    case 6: text += "\(preposition()) the \(phrase()) he \(adverb())\(third(verb())) no \(noun())"
    case 7: text += "I have \(past(verb())) the \(phrase()) of \(listener)"
    case 8: text += "\(hero) shall \(verb()) the \(noun()) and \(verb()) the \(phrase())"
    case 9: text += "thou hast no \(noun()) to \(verb()) \(possessive()) \(noun())"
    default: text += "\(possessive()) \(phrase()) \(adverb())\(third(verb())) the \(phrase())"
    }
  }

  /// Two lines whose last words rhyme.
  mutating func writeCouplet() {
    let group = PlayWords.rhymes[random.next(below: PlayWords.rhymes.count)]
    let first = random.next(below: group.count)
    let second = (first + 1 + random.next(below: group.count - 1)) % group.count
    text += "So shall the \(noun()) \(verb()) the \(adjective()) \(group[first]),\n"
    text += "And every \(noun()) \(third(verb())) \(possessive()) \(group[second]).\n"
  }

  /// Where something is: with the one spoken to, or before something.
  private mutating func place(of listener: String) -> String {
    chance(1, in: 3) ? "of \(listener)" : "\(preposition()) the \(adjective()) \(noun())"
  }

  /// A noun: one time in three what the scene is about.
  private mutating func noun() -> String {
    chance(1, in: 3)
      ? PlayWords.nouns[topics[random.next(below: topics.count)]] : pick(PlayWords.nouns)
  }

  /// A noun, half the time with an adjective before it.
  private mutating func phrase() -> String {
    chance(1, in: 2) ? "\(adjective()) \(noun())" : noun()
  }

  /// Nothing, or one time in four an adverb and a space.
  private mutating func adverb() -> String {
    chance(1, in: 4) ? pick(PlayWords.adverbs) + " " : ""
  }

  private mutating func adjective() -> String { pick(PlayWords.adjectives) }
  private mutating func verb() -> String { pick(PlayWords.verbs) }
  private mutating func preposition() -> String { pick(PlayWords.prepositions) }
  private mutating func possessive() -> String { pick(PlayWords.possessives) }

  private func second(_ verb: String) -> String { verb + (verb.hasSuffix("e") ? "st" : "est") }
  private func third(_ verb: String) -> String {
    if verb.hasSuffix("sh") { return verb + "es" }
    return verb == "envy" ? "envies" : verb + "s"
  }
  private func past(_ verb: String) -> String {
    switch verb {
    case "know": "known"
    case "forgive": "forgiven"
    case "mistake": "mistaken"
    case "envy": "envied"
    default: verb + (verb.hasSuffix("e") ? "d" : "ed")
    }
  }

  private mutating func capitalise(from start: Int) {
    let index = text.utf8.index(text.startIndex, offsetBy: start)
    let capital = text[index].uppercased()
    text.replaceSubrange(index...index, with: capital)
  }
}

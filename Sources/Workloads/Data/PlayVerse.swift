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

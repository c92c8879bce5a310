// The answers of the summary, first of all that the page says.

import Records
import Statistics

extension Summary {
  var answers: [ListItem] {
    guard asksVerdict, blocks.count == 1, let asked = TrainingQuestions(blocks[0]) else {
      return []
    }
    return asked.questions.map { ListItem(lead: $0.question, $0.words, below: $0.figures) }
  }
}
